"""The published study on simulated cities: its net effect curve beside the truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.api import prepare_study as prepare
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.installed import installed
from harness.running.options import RunOptions
from harness.scenarios.grid import partial_dependence
from harness.scenarios.truth import TrueFit
from harness.study.spec.load import load_study

SPEC = Path(__file__).parents[2] / "specs" / "digital_carbon.yaml"


def task_of(seed, outcome, *, draws, steps=160):
    """Return the fit of the bootstrapped networks with its curve, on simulated cities."""
    known = load_study(SPEC, catalogs=installed().catalogs).study.estimators
    at = [entry.id for entry in known].index("rab")
    own = (f"estimators.{at}.draws={draws}", f"estimators.{at}.base.draw_steps={steps}")
    changed = (f"data.simulate.seed={seed}", *own, "scenarios.0.grid=23")
    tasks = prepare(RunOptions(SPEC, overrides=changed)).plan.full_tasks()
    task = next(task for task in tasks if (task.estimator_id, task.subject.panel.outcome) == ("rab", outcome))
    return replace(task, scenarios={"curve": task.scenarios["curve"]})


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "over_all", "mean"), [(1, 840.4, 788.8), (6, 838.8, 788.0)])
def test_effects_that_differ_by_city_lift_the_true_curve_over_the_mean(seed, over_all, mean):
    """Without interactions of the index with size and wealth both numbers would be one."""
    task, truth = task_of(seed, "co2", draws=2), TrueFit(DigitalCarbon(seed=seed))
    index, at = task.subject.panel.column("digital_economy"), np.linspace(0.0, 0.88, 23)
    curve = partial_dependence(truth, task.subject.panel, at)
    assert np.interp(index, at, curve).mean() == pytest.approx(over_all, abs=0.1)
    assert truth.predict(task.subject.panel).mean() == pytest.approx(mean, abs=0.1)


def supported_curve(seed, outcome):
    """Return the curve over supported rows beside the truth on the same rows, where an index is supported."""
    task = task_of(seed, outcome, draws=40)
    known = pd.DataFrame(task.scenarios["curve"].truth(TrueFit(DigitalCarbon(seed=seed)), task.subject.panel))
    curves = next(iter(task.run().answers.values())).value["curves"]
    own = curves.query("kind == 'level_supported' and band == 'pointwise' and supported")
    return own.merge(known.query("kind == 'level_supported'")[["at", "truth"]], on="at")


@pytest.mark.slow
def test_bootstrapped_networks_change_as_the_truth_does_and_their_bands_hold_it():
    changes, shares = [], []
    for seed in range(1, 7):
        for outcome in ("co2", "co2_intensity", "co2_pc"):
            curve = supported_curve(seed, outcome)
            shares.append(curve["truth"].between(curve["conf_low"], curve["conf_high"]).mean())
            if outcome == "co2":
                found, true = (curve[name].iloc[-1] - curve[name].iloc[0] for name in ("estimate", "truth"))
                changes.append((found, true))
    found, true = np.mean(changes, axis=0)
    assert found / true == pytest.approx(1.0, abs=0.1)
    assert np.mean(shares) >= 0.92
