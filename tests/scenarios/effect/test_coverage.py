"""How often intervals hold the truth where a nonlinear confounder goes with the entity."""

from __future__ import annotations

import numpy as np
import pytest

from effect_panels import confounded_panel
from harness import random_stream
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.parts import Question, answered_in_parts
from harness_panel.estimators.fixed_effects import FixedEffects
from harness_panel.estimators.pooled_ols import PooledOLS
from harness_sklearn.splines import Splines


def holds(seed, slope, *, repeats=1):
    """Return whether the interval of either method holds a true slope."""
    panel = confounded_panel(seed, lambda exposure: slope * exposure)
    scenario = EffectScenario(repeats=repeats)
    found = answered_in_parts(scenario, Question(panel, Splines(), "splines", seed))["effects"]
    return ((found["conf_low"] <= slope) & (slope <= found["conf_high"])).to_numpy()


def coefficient_holds(estimator, seed, slope):
    panel = confounded_panel(seed, lambda exposure: slope * exposure)
    table = estimator.fit(panel, rng=random_stream(seed, "fit")).coefficients()
    low, high = table.conf_int(0.95)[table.terms.index(panel.exposure)]
    return bool(low <= slope <= high)


def test_debiased_slopes_hold_the_truth_where_coefficients_do_not():
    assert holds(3, 0.5).all()
    for estimator in (PooledOLS(), FixedEffects(effects=("entity", "time"))):
        assert not any(coefficient_holds(estimator, seed, 0.5) for seed in (2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_coverage_of_slopes(slope):
    differences, effects = np.mean([holds(seed, slope) for seed in range(100)], axis=0)
    assert 0.88 <= differences <= 0.99
    # One penalty for all curves leaves a bias of 0.3 to 0.4 standard errors here: below nominal.
    assert 0.82 <= effects <= 0.99
