"""What an omitted variable would do, against published numbers, least squares and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from effect_panels import confounded_panel
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.sensitivity import PartialR2, oster_delta
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from harness_sklearn.splines import Splines

# sensemakr's printed example, villages of Darfur: slope, error and degrees of freedom, and of the benchmark
# `female` partial R2 with exposure and outcome, and the adjusted slope, once, twice, three times.
SLOPE, ERROR, DF = 0.09732, 0.02326, 783
PRINTED = ((0.0092, 0.1246, 0.0752), (0.0183, 0.2493, 0.0529), (0.0275, 0.3741, 0.0304))


def female():
    """Return the strength that its bound at once has, solved back."""
    exposure = 0.00916 / 1.00916

    def off(outcome):
        return PartialR2(exposure, outcome).times(1.0).outcome - 0.12464

    return PartialR2(exposure, brentq(off, 0.05, 0.2))


@pytest.mark.parametrize("multiple", [1, 2, 3])
def test_bounds_are_those_that_sensemakr_prints(multiple):
    exposure, outcome, adjusted = PRINTED[multiple - 1]
    found = female().times(float(multiple))
    assert (found.exposure, found.outcome) == pytest.approx((exposure, outcome), abs=6e-5)
    spread = (ERROR**2) * DF
    assert SLOPE - found.bias(spread) == pytest.approx(adjusted, abs=6e-5)


def test_a_variable_that_explains_more_than_all_is_none():
    assert PartialR2(0.4, 0.1).times(1.0) is not None
    assert PartialR2(0.4, 0.1).times(2.0) is None


@pytest.mark.parametrize("delta", [0.5, 1.0, 1.7])
def test_osters_delta_is_the_degree_of_selection_where_the_slope_is_zero(delta):
    """In the population: controls and omitted variables are the outcome, and move the exposure alike."""

    def numbers(var_omitted):
        # Outcome: a + b + noise with variances 1, `var_omitted` and 1; exposure: 0.5 a + 0.5 delta b + 1.
        var_exposure = 0.25 + 0.25 * delta**2 * var_omitted + 1.0
        with_both = 0.5 + 0.5 * delta * var_omitted
        var_outcome = 2.0 + var_omitted
        short, residual = with_both / var_exposure, var_exposure - 0.25
        long = (with_both - 0.5) / residual
        r2_short = short**2 * var_exposure / var_outcome
        r2_long = (1.0 + long**2 * residual) / var_outcome
        return (short, long), (r2_short, r2_long), var_outcome, (var_exposure, residual)

    def off(var_omitted):
        _, (_, r2_long), var_outcome, _ = numbers(var_omitted)
        return (1.0 + var_omitted) / var_outcome - 1.3 * r2_long

    assert oster_delta(*numbers(brentq(off, 0.05, 3.0))) == pytest.approx(delta, rel=1e-9)


def sensitivity(panel, **options):
    scenario = EffectScenario(repeats=1, **options)
    return answered_in_parts(scenario, Subject(panel, Splines(), "splines", 3))["sensitivity"]


@pytest.fixture(scope="module")
def found():
    panel = confounded_panel(5, lambda exposure: 0.5 * exposure, n_entities=150, n_periods=6)
    return sensitivity(panel)


def test_the_strongest_covariate_is_the_confounder_and_idle_ones_change_nothing(found):
    assert found["status"].eq("ok").all()
    once = found[found["multiple"] == 1.0].set_index(["method", "covariate"])
    for method in ("first_differences", "correlated_random_effects"):
        own = once.loc[method]
        assert (own["r2_exposure"] * own["r2_outcome"]).idxmax() == "x1"
        assert (own.loc[["x5", "x6", "x7", "x8"], "r2_exposure"] < 0.01).all()
        assert own["overlap"].iloc[0] == 1.0
        assert np.isfinite(own["oster_delta"]).all()


def test_adjusted_slopes_fall_with_the_multiple_and_intervals_move_along(found):
    wide = found[found["covariate"] == "x1"]
    for _, own in wide.groupby("method"):
        assert (np.diff(own["estimate"]) < 0.0).all()
        assert (own["conf_high"] - own["conf_low"]).to_numpy() == pytest.approx(
            own["conf_high"].iloc[0] - own["conf_low"].iloc[0]
        )
