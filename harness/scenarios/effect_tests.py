"""Tests over all estimators of a study: of unit roots, linearity, curves, and of errors of test rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from harness.data.panel import Panel
from harness.estimators.guard import attempt
from harness.evaluation.protocol import TOUCHES_TEST_ROWS
from harness.evaluation.residual_tests import encompassing_test, geography_of, harris_tzavalis, moran_test
from harness.rng import random_stream
from harness.scenarios.bands import equal_curves_test
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.effect.linearity import linearity_test
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.full_fit import FullResult
from harness.study.spec.study import Study
from harness.tables.curves import CURVE_DRAWS
from harness.tables.effects import EQUAL_CURVES, UNIT_ROOT


def effect_tests(
    study: Study,
    panels: Mapping[str, Panel],
    fulls: Sequence[FullResult],
    read_predictions: Callable[[], pd.DataFrame],
) -> Iterator[pd.DataFrame]:
    """Yield a row for each test: of unit roots and curves, and of debiased effects where any are asked.

    Parameters
    ----------
    panels : all rows, by outcome
    fulls : fits on all rows, with the draws of their curves
    read_predictions : called where effects are asked: of a large panel they are gigabytes
    """
    for panel in panels.values():
        yield from unit_roots(panel)
        yield from _equal_curves(study, panel, fulls)
    if not _effects(study):
        return
    predictions = read_predictions()
    for outcome, panel in panels.items():
        yield from linearity_tests(study, panel)
        rows = predictions[predictions["outcome"] == outcome]
        yield from _encompassing(study, rows, outcome)
        yield from _spatial(study, rows, panel)


def unit_roots(panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield a test that outcome and a continuous exposure have unit roots, where periods are enough."""
    exposure = {} if panel.levels else {panel.exposure: panel.column(panel.exposure)}
    for name, values in {panel.outcome: panel.observed, **exposure}.items():
        found = harris_tzavalis(panel, values)
        if found is not None:
            subject = {"outcome": panel.outcome, "exposure": panel.exposure, "test": UNIT_ROOT}
            yield pd.DataFrame([subject | {"against": name} | vars(found) | {"status": "ok"}])


def linearity_tests(study: Study, panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield a row for each exposure that debiased effects are asked of; the panel is of one outcome."""
    for exposure in dict.fromkeys(scenario.exposure or study.roles.exposure for scenario in _effects(study)):
        place = {"outcome": panel.outcome, "exposure": exposure, "test": "linearity"}
        rng = random_stream(study.seed, "linearity", panel.outcome, exposure)
        tried = attempt(partial(linearity_test, panel.with_exposure(exposure), rng=rng))
        numbers = vars(tried.value) if tried.value else {}
        yield pd.DataFrame([place | numbers | tried.how])


def _effects(study: Study) -> list[EffectScenario]:
    return [entry.scenario for entry in study.scenarios if isinstance(entry.scenario, EffectScenario)]


def _encompassing(study: Study, predictions: pd.DataFrame, outcome: str) -> Iterator[pd.DataFrame]:
    """Yield whether each estimator adds to each reference, where test rows are kept apart."""
    place = {"outcome": outcome, "exposure": study.roles.exposure, "test": "encompassing"}
    sizes = predictions.groupby(["protocol", "sample"], observed=True).size()
    for protocol, by_estimator in _honest_predictions(study, predictions):
        share = float(sizes[protocol, "test"] / sizes[protocol, "train"])
        for reference in study.evaluation.references:
            for rival in (entry.id for entry in study.estimators):
                if rival == reference or reference not in by_estimator or rival not in by_estimator:
                    continue
                found = encompassing_test(by_estimator[rival], by_estimator[reference], test_to_train=share)
                if found is not None:
                    named = {"estimator": rival, "against": reference, "protocol": protocol, "status": "ok"}
                    yield pd.DataFrame([place | named | vars(found)])


def _honest_predictions(
    study: Study, predictions: pd.DataFrame
) -> Iterator[tuple[str, Mapping[str, pd.DataFrame]]]:
    """Yield the protocols that keep test rows apart, with the predictions of these rows by estimator."""
    test = predictions[predictions["sample"] == "test"]
    for entry in study.evaluation.protocols:
        if not TOUCHES_TEST_ROWS.intersection(leak.code for leak in entry.protocol.leaks):
            rows = test[test["protocol"] == entry.id]
            if len(rows):
                groups = rows.groupby("estimator", observed=True)
                yield entry.id, {str(name): group for name, group in groups}


def _equal_curves(study: Study, panel: Panel, fulls: Sequence[FullResult]) -> Iterator[pd.DataFrame]:
    """Yield whether the curve of each estimator has the shape of that of each reference."""
    place = {"outcome": panel.outcome, "test": EQUAL_CURVES}
    exposures = {
        entry.id: entry.scenario.exposure or study.roles.exposure
        for entry in study.scenarios
        if isinstance(entry.scenario, CurveScenario)
    }
    # Rows of their own are resampled on their own.
    of_all_rows = {entry.id for entry in study.estimators if not entry.rows}
    drawn = {
        (scenario, full.estimator): answer.value[CURVE_DRAWS.name]
        for full in fulls
        if full.outcome == panel.outcome and full.estimator in of_all_rows
        for scenario, answer in full.answers.items()
        if answer.value is not None and CURVE_DRAWS.name in answer.value
    }
    for scenario, rival in drawn:
        for reference in study.evaluation.references:
            if rival == reference or (scenario, reference) not in drawn:
                continue
            rng = random_stream(study.seed, "equal curves", panel.outcome, scenario, rival, reference)
            found = equal_curves_test(drawn[scenario, rival], drawn[scenario, reference], rng)
            if found is not None:
                about = {
                    "n_entities": panel.n_entities,
                    "exposure": exposures.get(scenario, study.roles.exposure),
                }
                named = {"estimator": rival, "against": reference, "status": "ok", **about}
                yield pd.DataFrame([place | named | vars(found)])


def _spatial(study: Study, predictions: pd.DataFrame, panel: Panel) -> Iterator[pd.DataFrame]:
    """Yield whether residuals of test rows go together in near entities, for each estimator."""
    place = {"outcome": panel.outcome, "exposure": study.roles.exposure, "test": "moran"}
    geography = geography_of(panel)
    if geography is None:
        return
    for protocol, by_estimator in _honest_predictions(study, predictions):
        for estimator in (entry.id for entry in study.estimators):
            if estimator not in by_estimator:
                continue
            rng = random_stream(study.seed, "moran", panel.outcome, protocol)
            found = moran_test(by_estimator[estimator], geography, rng)
            if found is not None:
                named = {"estimator": estimator, "protocol": protocol, "status": "ok"}
                yield pd.DataFrame([place | named | vars(found)])
