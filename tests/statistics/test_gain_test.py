"""Size and power of the test behind a gain, on panels that estimators were really fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from harness import stream
from harness.evaluation.gain import entity_losses, equal_accuracy_p_value
from harness.evaluation.protocols.held_out_entities import HeldOutEntities
from harness_panel import PooledOLS
from panels import panel_from_arrays

N_ENTITIES, N_PERIODS = 60, 6


def panel_of(outcome, *columns):
    return panel_from_arrays(
        entity=np.repeat(np.arange(N_ENTITIES), N_PERIODS),
        period=np.tile(np.arange(N_PERIODS), N_ENTITIES),
        outcome=outcome,
        X=np.column_stack(columns),
    )


def squared_errors(panel, seed):
    """Return the squared errors of pooled OLS, every entity held out once."""
    errors = np.empty(panel.n_obs)
    for fold in HeldOutEntities(folds=5).split(panel, rng=stream(seed, "folds")):
        fit = PooledOLS().fit(panel.take(fold.train), rng=stream(seed, "fit"))
        errors[fold.test] = (panel.observed[fold.test] - fit.predict(panel.take(fold.test))) ** 2
    return errors


def p_value(one, other, seed):
    losses = entity_losses(squared_errors(one, seed), squared_errors(other, seed), one.entity.codes)
    return equal_accuracy_p_value(losses)


def draws(seed):
    """Return an exposure and three unrelated columns, and errors that entities share in part."""
    rng = np.random.default_rng(seed)
    size = N_ENTITIES * N_PERIODS
    x, *unrelated = rng.normal(size=(4, size))
    errors = np.repeat(rng.normal(size=N_ENTITIES), N_PERIODS) + rng.normal(size=size)
    return x, unrelated, errors


@pytest.mark.slow
def test_a_true_null_is_rejected_in_at_most_seven_and_a_half_per_cent_of_panels():
    """Both estimators carry one column that the outcome does not depend on: neither is better."""
    rejected = []
    for seed in range(1000):
        x, (first, second, _), errors = draws(seed)
        one, other = (panel_of(x + errors, x, noise) for noise in (first, second))
        rejected.append(p_value(one, other, seed) < 0.05)
    assert np.mean(rejected) <= 0.075


@pytest.mark.slow
def test_a_quadratic_truth_is_found_in_at_least_eighty_per_cent_of_panels():
    """Signal to noise 2: the square explains twice the variance of the errors."""
    found = []
    for seed in range(200):
        x, _, errors = draws(seed)
        curved = 2.0 * (x**2 - 1.0) + errors
        found.append(p_value(panel_of(curved, x, x**2), panel_of(curved, x), seed) < 0.05)
    assert np.mean(found) >= 0.8
