"""Tests of the effect's form, for studies that ask for debiased effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from harness.data.panel import Panel
from harness.estimators.guard import attempt
from harness.evaluation.encompassing import encompassing_test
from harness.evaluation.fold import TOUCHES_TEST_ROWS
from harness.execution.results import RunResults
from harness.scenarios.effect.linearity import linearity_test
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.terms import focused


def effect_tests(
    results: RunResults, panels: Mapping[str, Panel], predictions: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Yield a row for each test; nothing where no effects are asked.

    Parameters
    ----------
    panels : by outcome, all rows
    predictions : of all estimators under all protocols
    """
    asked = [
        entry.scenario for entry in results.study.scenarios if isinstance(entry.scenario, EffectScenario)
    ]
    exposures = dict.fromkeys(scenario.exposure or results.study.roles.exposure for scenario in asked)
    for outcome, panel in panels.items():
        for exposure in exposures:
            yield _linearity(focused(panel, exposure))
        if exposures:
            yield from _encompassing(results, predictions[predictions["outcome"] == outcome], outcome)


def _linearity(panel: Panel) -> pd.DataFrame:
    place = {"outcome": panel.outcome, "exposure": panel.exposure, "test": "linearity"}
    tried = attempt(partial(linearity_test, panel))
    numbers = vars(tried.value) if tried.value else {}
    return pd.DataFrame([place | numbers | {"status": tried.status, "reason": tried.reason}])


def _encompassing(results: RunResults, predictions: pd.DataFrame, outcome: str) -> Iterator[pd.DataFrame]:
    """Yield whether each estimator adds to each reference, where test rows are kept apart."""
    test = predictions[predictions["sample"] == "test"]
    place = {"outcome": outcome, "exposure": results.study.roles.exposure, "test": "encompassing"}
    for entry in results.study.evaluation.protocols:
        if TOUCHES_TEST_ROWS.intersection(leak.code for leak in entry.protocol.leaks):
            continue
        own = dict(iter(test[test["protocol"] == entry.id].groupby("estimator")))
        for reference in results.study.evaluation.references:
            for rival in results.estimators:
                if rival == reference or reference not in own or rival not in own:
                    continue
                found = encompassing_test(own[rival], own[reference])
                if found is not None:
                    named = {"estimator": rival, "against": reference, "protocol": entry.id, "status": "ok"}
                    yield pd.DataFrame([place | named | vars(found)])
