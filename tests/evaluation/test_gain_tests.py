"""Tests that allow for overlap of splits and for many estimators."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.evaluation.gain import corrected_t_p_value, equal_accuracy_p_value, holm_adjusted, max_t_p_values
from harness.evaluation.losses import ClusterLosses, SplitGains
from harness.evaluation.resample import EntityDraws


def test_corrected_t_by_hand():
    ratios = np.array([1.0, 2.0, 4.0, 1.0])
    # variance between splits 2, times (1/4 + 1/9); mean 2.
    t = 2.0 / np.sqrt((1 / 4 + 1 / 9) * 2.0)
    expected = 2 * stats.t.sf(t, 3)
    assert corrected_t_p_value(SplitGains(1.0 - np.exp(ratios), 1 / 9)) == pytest.approx(expected, rel=1e-12)


def test_one_split_tests_nothing_and_equal_splits_leave_no_doubt():
    assert np.isnan(corrected_t_p_value(SplitGains(np.array([0.5]), 0.1)))
    assert np.isnan(corrected_t_p_value(SplitGains(np.array([0.5, 1.0]), 0.1)))
    assert corrected_t_p_value(SplitGains(np.zeros(5), 0.1)) == 1.0


def test_splits_that_agree_on_a_loss_are_as_sure_as_those_that_agree_on_a_gain():
    worse, better = np.array([-15.6, -8.0, -5.0]), 1.0 - 1.0 / (1.0 + np.array([15.6, 8.0, 5.0]))
    loss, gain = (corrected_t_p_value(SplitGains(gains, 0.5)) for gains in (worse, better))
    assert loss == pytest.approx(gain, rel=1e-12)
    assert loss < 0.05


def test_a_gain_that_one_split_of_three_carries_is_not_told_from_none():
    splits = SplitGains(np.array([0.07, 0.49, 0.06]), 0.5)
    assert corrected_t_p_value(splits) == pytest.approx(0.49, abs=0.005)


def test_holm_by_hand():
    p_values = np.array([0.01, np.nan, 0.04, 0.03])
    assert holm_adjusted(p_values) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)


def nulls(n_estimators, seed, n_entities=60):
    """Loss differences without any true difference, alike over the estimators."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n_entities)
    return 0.7 * common + 0.7 * rng.normal(size=(n_estimators, n_entities)), np.full(n_entities, 5.0)


def test_with_one_estimator_it_agrees_with_the_clustered_test():
    for seed in range(5):
        difference, n_rows = nulls(1, seed)
        (p_best,) = max_t_p_values(difference, n_rows, draws=EntityDraws(4000, 1, ("m",)))
        losses = ClusterLosses(np.zeros(60), difference[0], n_rows)
        assert p_best == pytest.approx(equal_accuracy_p_value(losses), abs=0.04)


def test_the_chance_of_any_false_finding_is_held():
    smallest = [
        max_t_p_values(*nulls(8, seed), draws=EntityDraws(300, 1, ("m",))).min() for seed in range(200)
    ]
    # Exact binomial limits of 0.05 at 0.1 % two-sided for 200 panels.
    assert 0.01 <= np.mean(np.array(smallest) <= 0.05) <= 0.115
    unadjusted = [
        min(
            equal_accuracy_p_value(ClusterLosses(np.zeros(60), row, n_rows))
            for difference, n_rows in [nulls(8, seed)]
            for row in difference
        )
        for seed in range(200)
    ]
    assert np.mean(np.array(unadjusted) <= 0.05) > 0.115


def test_a_true_gain_among_many_is_found():
    difference, n_rows = nulls(8, 3)
    difference[2] += 1.5
    p_values = max_t_p_values(difference, n_rows, draws=EntityDraws(1000, 1, ("m",)))
    assert p_values[2] < 0.01
    assert np.delete(p_values, 2).min() > 0.05


def test_no_difference_at_all_is_no_finding():
    p_values = max_t_p_values(np.zeros((2, 10)), np.ones(10), draws=EntityDraws(50, 1, ("m",)))
    assert p_values.tolist() == [1.0, 1.0]
