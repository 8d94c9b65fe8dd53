"""Levels and slopes against closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from harness.scenarios.partial_dependence import partial_dependence, row_slopes, slope
from scenarios.derived import squared_panel


@dataclass(frozen=True)
class Known:
    """Predicts x + 2 m + 3 s, whatever it was fitted on."""

    def predict(self, panel):
        return panel.X @ np.array([1.0, 2.0, 3.0])


@dataclass(frozen=True)
class KnownDraws:
    """One draw a slope."""

    slopes: tuple[float, ...]

    def predict(self, panel):
        return np.stack([b * panel.X[:, 0] for b in self.slopes])


def test_partial_dependence_moves_what_follows_from_the_exposure():
    panel, grid = squared_panel(), np.array([0.0, 0.5, 1.5])
    expected = grid + 2 * panel.column("m").mean() + 3 * grid**2
    assert partial_dependence(Known(), panel, grid) == pytest.approx(expected, rel=1e-14)


def test_counterfactual_leaves_the_panel_as_it_was():
    panel = squared_panel()
    before = panel.X.copy()
    partial_dependence(Known(), panel, np.array([9.0]))
    assert np.array_equal(panel.X, before)


def test_draws_come_first_then_grid_points():
    panel, grid = squared_panel(), np.array([0.0, 1.0, 2.0])
    assert partial_dependence(KnownDraws((1.0, -1.0)), panel, grid).tolist() == [[0, 1, 2], [0, -1, -2]]


def test_slope_of_a_parabola():
    grid = np.linspace(0.0, 1.0, 101)
    assert slope(grid**2, grid)[1:-1] == pytest.approx(2 * grid[1:-1], abs=1e-12)


def test_row_slopes_are_chords_within_the_observed_range():
    panel = squared_panel()
    x = panel.column("x")
    step = 0.05 * np.ptp(x)
    low, high = np.maximum(x - step, x.min()), np.minimum(x + step, x.max())
    assert row_slopes(Known(), panel) == pytest.approx(1 + 3 * (low + high), rel=1e-10)
    inside = (x - step > x.min()) & (x + step < x.max())
    assert row_slopes(Known(), panel)[inside] == pytest.approx(1 + 6 * x[inside], rel=1e-10)
    assert row_slopes(KnownDraws((1.0, -2.0)), panel) == pytest.approx(np.outer([1.0, -2.0], np.ones(60)))
