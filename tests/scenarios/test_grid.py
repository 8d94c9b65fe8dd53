"""Grids, values between their points, and where data support them."""

from __future__ import annotations

import numpy as np
import pytest

from harness.scenarios.grid import exposure_grid, locate, on_curve, on_surface, support

GRID = np.array([0.0, 0.3, 1.0, 4.0])


def test_curves_are_those_of_numpy():
    rng = np.random.default_rng(0)
    curves, values = rng.normal(size=(5, 4)), rng.uniform(-1, 5, size=50)
    expected = [np.interp(values, GRID, curve) for curve in curves]
    assert on_curve(curves, locate(GRID, values)) == pytest.approx(np.array(expected), rel=1e-12)


def test_a_product_is_exact():
    other = np.array([-1.0, 2.0, 3.0])
    rng = np.random.default_rng(1)
    x, m = rng.uniform(0, 4, size=40), rng.uniform(-1, 3, size=40)
    surfaces = np.stack([np.outer(GRID, other), GRID[:, None] + 2 * other])
    values = on_surface(surfaces, locate(GRID, x), locate(other, m))
    assert values == pytest.approx(np.stack([x * m, x + 2 * m]), rel=1e-12, abs=1e-12)


def test_grids_span_the_observed_range():
    exposure = np.array([1.0, 1.0, 2.0, 7.0])
    assert exposure_grid(exposure, n_grid=4, spacing="uniform").tolist() == [1.0, 3.0, 5.0, 7.0]
    quantiles = exposure_grid(exposure, n_grid=4, spacing="quantiles")
    assert quantiles.tolist() == [1.0, 2.0, 7.0]


def test_a_gap_in_the_exposure_is_not_supported():
    exposure = np.concatenate([np.linspace(0, 0.4, 50), np.linspace(0.8, 1.0, 50)])
    near = support(exposure, np.arange(100) // 2, np.array([0.2, 0.6, 0.9]))
    assert near.supported.tolist() == [True, False, True]
    assert near.n_obs[1] == 0
