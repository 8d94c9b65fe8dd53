"""The gain, its interval and its test against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.evaluation.gain import equal_accuracy_p_value, gain_over
from harness.evaluation.losses import cluster_losses
from harness.evaluation.resample import EntityDraws
from harness.plugin import random_stream


def simulated(n_entities=40, n_periods=6, better=0.0, seed=0):
    """Squared errors of two estimators whose errors share an entity's component."""
    rng = np.random.default_rng(seed)
    entities = np.repeat(np.arange(n_entities), n_periods)
    common = rng.normal(size=n_entities)[entities]
    reference = (common + rng.normal(size=entities.size)) ** 2
    own = (common + rng.normal(size=entities.size)) ** 2 * (1.0 - better)
    return own, reference, entities


def test_gain_is_one_minus_the_ratio_of_mean_squared_errors():
    own, reference, entities = simulated()
    gain = gain_over(cluster_losses(own, reference, entities), level=0.95, draws=EntityDraws(500, 1, ("g",)))
    assert gain.gain == pytest.approx(1 - own.mean() / reference.mean(), rel=1e-14)
    assert gain.mse == pytest.approx(own.mean(), rel=1e-14)
    assert gain.mse_reference == pytest.approx(reference.mean(), rel=1e-14)
    assert gain.n_entities == 40
    assert gain.conf_low < gain.gain < gain.conf_high


def test_interval_equals_resampling_whole_entities_one_draw_at_a_time():
    own, reference, entities = simulated()
    counts = np.asarray(random_stream(1, "g").multinomial(40, np.full(40, 1 / 40), size=200))
    by_hand = []
    for draw in counts:
        rows = np.concatenate([np.tile(np.flatnonzero(entities == e), n) for e, n in enumerate(draw)])
        by_hand.append(1 - own[rows.astype(int)].mean() / reference[rows.astype(int)].mean())
    gain = gain_over(cluster_losses(own, reference, entities), level=0.9, draws=EntityDraws(200, 1, ("g",)))
    assert [gain.conf_low, gain.conf_high] == pytest.approx(np.quantile(by_hand, [0.05, 0.95]), rel=1e-12)


def test_p_value_equals_a_clustered_regression_of_the_loss_difference_on_a_constant():
    own, reference, entities = simulated(better=0.2)
    fit = sm.OLS(reference - own, np.ones(own.size)).fit()
    clustered = fit.get_robustcov_results(
        "cluster", groups=entities, use_correction=True, df_correction=True, use_t=True
    )
    # statsmodels multiplies by (n - 1) / (n - K) as well, which is one for K = 1.
    p_value = equal_accuracy_p_value(cluster_losses(own, reference, entities))
    assert p_value == pytest.approx(float(clustered.pvalues[0]), rel=1e-10)


def test_equal_losses_have_no_gain_and_no_doubt():
    own, _, entities = simulated()
    gain = gain_over(cluster_losses(own, own, entities), level=0.95, draws=EntityDraws(50, 1, ("g",)))
    assert (gain.gain, gain.conf_low, gain.conf_high, gain.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_a_true_null_is_rejected_about_as_often_as_its_level_says():
    rejected = [
        equal_accuracy_p_value(cluster_losses(*simulated(seed=seed, n_entities=30))) < 0.05
        for seed in range(400)
    ]
    # Exact binomial limits of 0.05 at 0.1 % two-sided for 400 panels.
    assert 0.0175 <= np.mean(rejected) <= 0.0925


def test_a_large_gain_is_found():
    found = [
        equal_accuracy_p_value(cluster_losses(*simulated(seed=seed, better=0.4))) < 0.05 for seed in range(50)
    ]
    assert np.mean(found) >= 0.8


@given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_units_of_the_outcome_change_nothing(scale, seed):
    own, reference, entities = simulated(seed=seed)
    plain = gain_over(cluster_losses(own, reference, entities), level=0.95, draws=EntityDraws(50, 1, ("g",)))
    scaled = gain_over(
        cluster_losses(own * scale, reference * scale, entities),
        level=0.95,
        draws=EntityDraws(50, 1, ("g",)),
    )
    assert scaled.gain == pytest.approx(plain.gain, abs=1e-9)
    assert scaled.conf_low == pytest.approx(plain.conf_low, abs=1e-9)
    assert scaled.p_value == pytest.approx(plain.p_value, rel=1e-6)


@pytest.mark.filterwarnings("error")
def test_draws_in_which_the_reference_has_no_error_leave_no_lower_limit():
    """A reference with levels of entities may predict those whose outcome never moves without error."""
    losses = cluster_losses(np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.0, 2.0]), np.arange(3))
    found = gain_over(losses, level=0.95, draws=EntityDraws(2000, 0, ()))
    assert found.gain == -0.5
    assert np.isnan(found.conf_low)
    assert found.conf_high == 0.5
