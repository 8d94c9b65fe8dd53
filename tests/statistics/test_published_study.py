"""The published study on simulated cities: its net effect curve beside the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.api import prepare_study as prepare
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.execution.options import RunOptions
from harness.installed import installed
from harness.spec.load import load_study

SPEC = Path(__file__).parents[2] / "specs" / "digital_carbon.yaml"
DRAWS = 100


def centred_errors(seed, *estimators):
    """Return centred RMSEs of the net effect curve of total emissions, as shares of the true range."""
    known = load_study(SPEC, catalogs=installed().catalogs).study.estimators
    overrides = (
        f"estimators.{at}.draws={DRAWS}" for at, entry in enumerate(known) if entry.id.startswith("rab")
    )
    options = RunOptions(SPEC, overrides=(f"data.simulate.seed={seed}", *overrides))
    tasks = prepare(options).plan.full_tasks()
    cities = DigitalCarbon(seed=seed)
    frame = cities.draw()
    errors = {}
    for task in tasks:
        if task.outcome == "co2" and task.estimator_id in estimators:
            result = replace(task, scenarios={"curve": task.scenarios["curve"]}).run()
            curves = result.answers[0].tables["curves"]
            known = curves["supported"].astype(bool) & (curves["kind"] == "level")
            own = curves[known & (curves["band"] == "pointwise")]
            true = np.array([cities.expected(frame, outcome="co2", exposure=at).mean() for at in own["at"]])
            difference = own["estimate"].to_numpy() - true
            errors[task.estimator_id] = (difference - difference.mean()).std() / np.ptp(true)
    return errors


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rab_finds_the_curve_of_total_emissions_no_better_than_pooled_ols(seed):
    errors = centred_errors(seed, "ols", "rab")
    assert errors["rab"] < 0.15
    assert errors["ols"] < 1.5 * errors["rab"]
