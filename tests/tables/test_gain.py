"""How a gain stands, by its interval, its p-values and its folds."""

import math

import pytest

from harness.tables.gain import GainRow, GainStatus


def standing(low, high, **changes):
    """Return how a gain stands that nothing but the changes speaks against."""
    sides = (low, high) if math.isfinite(low) else (math.nan, math.nan)
    evidence = {"p_holm": math.nan, "p_best": 0.049, "p_splits": math.nan, "inference": "entities"}
    evidence |= {"fold_gain_min": sides[0], "fold_gain_max": sides[1], **changes}
    cell = dict.fromkeys(("outcome", "estimator", "reference", "protocol", "sample", "status", "reason"), "")
    return GainRow(gain=0.1, conf_low=low, conf_high=high, **cell, **evidence).status_at(0.95)


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [
        (0.01, 0.2, GainStatus.BETTER),
        (-0.2, -0.01, GainStatus.WORSE),
        (-0.01, 0.2, GainStatus.OPEN),
        (0.0, 0.2, GainStatus.OPEN),
        (-0.2, 0.0, GainStatus.OPEN),
        (math.nan, math.nan, GainStatus.OPEN),
    ],
)
def test_a_gain_is_established_where_its_interval_excludes_zero(low, high, status):
    assert standing(low, high, p_best=math.nan) is status
    assert standing(low, high) is status


@pytest.mark.parametrize(
    ("name", "p_value"), [("p_holm", 0.051), ("p_best", 0.05), ("p_best", 0.9), ("p_splits", 0.46)]
)
def test_one_large_p_value_leaves_it_open(name, p_value):
    assert standing(0.01, 0.2, **{name: p_value}) is GainStatus.OPEN
    assert standing(-0.2, -0.01, **{name: p_value}) is GainStatus.OPEN


def test_a_fold_of_the_other_sign_leaves_it_open():
    assert standing(0.01, 0.2, fold_gain_min=-0.001) is GainStatus.OPEN
    assert standing(-0.2, -0.01, fold_gain_max=0.001) is GainStatus.OPEN


def test_time_that_was_seen_once_tests_nothing():
    once = {"inference": "given these periods", "p_best": math.nan}
    assert standing(0.01, 0.2, **once) is GainStatus.BETTER_ONCE
    assert standing(0.01, 0.2, **once, fold_gain_min=-0.1) is GainStatus.OPEN
    assert standing(-0.2, -0.01, **once) is GainStatus.OPEN
