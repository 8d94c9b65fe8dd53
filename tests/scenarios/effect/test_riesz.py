"""Riesz representers of an average derivative, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad

from harness.scenarios.effect.riesz import N_HIDDEN, _NetworkRows, riesz_representer
from panels import balanced_panel


def drawn(seed, noise):
    """Return a panel whose exposure is a control and noise: the representer is -f'/f of the noise."""
    rng = np.random.default_rng([17, seed])
    X = rng.standard_normal((1500, 3))
    error = noise(rng, 1500)
    panel = balanced_panel(
        (300, 5),
        outcome=error,
        X=np.column_stack([X[:, 0] + error, X]),
    )
    return panel, error


@pytest.mark.parametrize(("kind", "most"), [("ridge", 0.15), ("lasso", 0.15), ("network", 0.2)])
def test_the_representer_of_normal_noise_is_the_noise_over_its_variance(kind, most):
    (train, _), (test, error) = (drawn(seed, lambda rng, n: 0.8 * rng.standard_normal(n)) for seed in (1, 2))
    found = riesz_representer(kind, train, test, rng=np.random.default_rng(1))
    truth = error / 0.64
    assert np.square(found - truth).mean() / truth.var() < most


def test_a_network_bends_where_the_noise_is_no_normal_one():
    """Logistic noise: -f'/f is tanh(e / 2)."""
    (train, _), (test, error) = (drawn(seed, lambda rng, n: rng.logistic(size=n)) for seed in (3, 4))
    found = riesz_representer("network", train, test, rng=np.random.default_rng(1))
    truth = np.tanh(error / 2.0)
    assert np.square(found - truth).mean() / truth.var() < 0.3


def test_the_gradient_of_the_network_is_that_of_its_loss():
    rng = np.random.default_rng(5)
    rows = _NetworkRows(rng.standard_normal((40, 3)), 0, 0.1, 1.3)
    flat = 0.3 * rng.standard_normal(5 * N_HIDDEN + 1)
    error = check_grad(lambda at: rows.loss(at)[0], lambda at: rows.loss(at)[1], flat)
    assert error < 1e-4
