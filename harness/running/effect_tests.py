"""Tests of the effect's form, for studies that ask for debiased effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from harness.data.panel import Panel
from harness.estimators.guard import attempt
from harness.evaluation.protocol import TOUCHES_TEST_ROWS
from harness.evaluation.residual_tests import encompassing_test, moran_test, surroundings_of
from harness.rng import random_stream
from harness.running.folder import RunFolder
from harness.running.results import RunResults
from harness.scenarios.bands import equal_curves_test
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.effect.linearity import linearity_test
from harness.scenarios.effect.scenario import EffectScenario
from harness.study.spec.study import Study
from harness.tables.curves import CURVE_DRAWS


def effect_tests(
    results: RunResults, panels: Mapping[str, Panel], folder: RunFolder
) -> Iterator[pd.DataFrame]:
    """Yield a row for each test; nothing where no effects are asked.

    Parameters
    ----------
    panels : by outcome, all rows
    folder : that holds the predictions, which are read where effects are asked: of a large panel they are
        gigabytes
    """
    if not _asked(results.study):
        return
    predictions = folder.read_parquet("predictions")
    for outcome, panel in panels.items():
        yield from linearity_tests(results.study, panel)
        own = predictions[predictions["outcome"] == outcome]
        yield from _encompassing(results, own, outcome)
        yield from _equal_curves(results, outcome)
        yield from _spatial(results, own, panel)


def linearity_tests(study: Study, panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield a row for each exposure that debiased effects are asked of; the panel is of one outcome."""
    for exposure in dict.fromkeys(scenario.exposure or study.roles.exposure for scenario in _asked(study)):
        yield _linearity(panel.with_exposure(exposure))


def _asked(study: Study) -> list[EffectScenario]:
    return [entry.scenario for entry in study.scenarios if isinstance(entry.scenario, EffectScenario)]


def _linearity(panel: Panel) -> pd.DataFrame:
    place = {"outcome": panel.outcome, "exposure": panel.exposure, "test": "linearity"}
    tried = attempt(partial(linearity_test, panel))
    numbers = vars(tried.value) if tried.value else {}
    return pd.DataFrame([place | numbers | {"status": tried.status, "reason": tried.reason}])


def _encompassing(results: RunResults, predictions: pd.DataFrame, outcome: str) -> Iterator[pd.DataFrame]:
    """Yield whether each estimator adds to each reference, where test rows are kept apart."""
    place = {"outcome": outcome, "exposure": results.study.roles.exposure, "test": "encompassing"}
    for protocol, own in _apart(results, predictions):
        for reference in results.study.evaluation.references:
            for rival in results.estimators:
                if rival == reference or reference not in own or rival not in own:
                    continue
                found = encompassing_test(own[rival], own[reference])
                if found is not None:
                    named = {"estimator": rival, "against": reference, "protocol": protocol, "status": "ok"}
                    yield pd.DataFrame([place | named | vars(found)])


def _apart(
    results: RunResults, predictions: pd.DataFrame
) -> Iterator[tuple[str, Mapping[str, pd.DataFrame]]]:
    """Yield the protocols that keep test rows apart, with the predictions of these rows by estimator."""
    test = predictions[predictions["sample"] == "test"]
    for entry in results.study.evaluation.protocols:
        if not TOUCHES_TEST_ROWS.intersection(leak.code for leak in entry.protocol.leaks):
            own = test[test["protocol"] == entry.id].groupby("estimator", observed=True)
            yield entry.id, {str(name): rows for name, rows in own}


def _equal_curves(results: RunResults, outcome: str) -> Iterator[pd.DataFrame]:
    """Yield whether the curve of each estimator has the shape of that of each reference."""
    place = {"outcome": outcome, "test": "equal_curves"}
    exposures = {
        entry.id: entry.scenario.exposure or results.study.roles.exposure
        for entry in results.study.scenarios
        if isinstance(entry.scenario, CurveScenario)
    }
    n_entities = results.panels.panel(outcome).n_entities
    # Rows of their own are resampled on their own.
    of_all_rows = {entry.id for entry in results.study.estimators if not entry.rows}
    drawn = {
        (scenario, full.estimator): answer.value[CURVE_DRAWS.name]
        for full in results.fulls
        if full.outcome == outcome and full.estimator in of_all_rows
        for scenario, answer in full.answers.items()
        if answer.value is not None and CURVE_DRAWS.name in answer.value
    }
    for scenario, rival in drawn:
        for reference in results.study.evaluation.references:
            if rival == reference or (scenario, reference) not in drawn:
                continue
            rng = random_stream(results.study.seed, "equal curves", outcome, scenario, rival, reference)
            found = equal_curves_test(drawn[scenario, rival], drawn[scenario, reference], rng)
            if found is not None:
                named = {"estimator": rival, "against": reference, "n_entities": n_entities, "status": "ok"}
                named |= {"exposure": exposures.get(scenario, results.study.roles.exposure)}
                yield pd.DataFrame([place | named | vars(found)])


def _spatial(results: RunResults, predictions: pd.DataFrame, panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield whether residuals of test rows go together in near entities, for each estimator."""
    place = {"outcome": panel.outcome, "exposure": results.study.roles.exposure, "test": "moran"}
    surroundings = surroundings_of(panel)
    if surroundings is None:
        return
    for protocol, own in _apart(results, predictions):
        for estimator in results.estimators:
            if estimator not in own:
                continue
            rng = random_stream(results.study.seed, "moran", panel.outcome, protocol)
            found = moran_test(own[estimator], surroundings, rng)
            if found is not None:
                named = {"estimator": estimator, "protocol": protocol, "status": "ok"}
                yield pd.DataFrame([place | named | vars(found)])
