"""Net effect curves against closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from harness.scenarios.curve import Curve
from harness.scenarios.effect import partial_dependence, pointwise_limits, slope
from harness.scenarios.subject import Subject
from panels import panel_from_arrays


@dataclass(frozen=True)
class Square:
    """A derived column, for the test."""

    of: str
    into: str

    @property
    def inputs(self):
        return (self.of,)

    def compute(self, columns):
        return columns[self.of] ** 2


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


@dataclass(frozen=True)
class Carrying(Known):
    """A fit that carries its draws."""

    draws: KnownDraws


def make_panel():
    rng = np.random.default_rng(5)
    x, m = rng.uniform(0, 2, size=(2, 60))
    return panel_from_arrays(
        entity=np.repeat(np.arange(20), 3),
        period=np.tile(np.arange(3), 20),
        outcome=np.zeros(60),
        X=np.column_stack([x, m, x**2]),
        columns=("x", "m", "s"),
        derived=(Square(of="x", into="s"),),
    )


def test_partial_dependence_moves_what_follows_from_the_exposure():
    panel, grid = make_panel(), np.array([0.0, 0.5, 1.5])
    expected = grid + 2 * panel.column("m").mean() + 3 * grid**2
    assert partial_dependence(Known(), panel, grid) == pytest.approx(expected, rel=1e-14)


def test_counterfactual_leaves_the_panel_as_it_was():
    panel = make_panel()
    before = panel.X.copy()
    partial_dependence(Known(), panel, np.array([9.0]))
    assert np.array_equal(panel.X, before)


def test_draws_come_first_then_grid_points():
    panel, grid = make_panel(), np.array([0.0, 1.0, 2.0])
    assert partial_dependence(KnownDraws((1.0, -1.0)), panel, grid).tolist() == [[0, 1, 2], [0, -1, -2]]


def test_slope_of_a_parabola():
    grid = np.linspace(0.0, 1.0, 101)
    assert slope(grid**2, grid)[1:-1] == pytest.approx(2 * grid[1:-1], abs=1e-12)


def test_pointwise_limits_are_percentiles_of_the_draws():
    draws = np.arange(101.0)[:, None] + np.array([0.0, 10.0])
    low, high = pointwise_limits(draws, level=0.9)
    assert low == pytest.approx([5.0, 15.0], rel=1e-14)
    assert high == pytest.approx([95.0, 105.0], rel=1e-14)


def test_curve_answers_with_levels_and_slopes_and_marks_what_data_support():
    panel = make_panel()
    subject = Subject(object(), panel, Carrying(KnownDraws((1.0, 2.0, 3.0))), seed=1, name="known")
    tables = Curve(grid=5, level=0.9).answer(subject)
    curves = tables["curves"]
    assert list(curves["kind"]) == ["level"] * 5 + ["slope"] * 5
    at = curves["at"][:5].to_numpy()
    assert curves["estimate"][:5].to_numpy() == pytest.approx(
        at + 2 * panel.column("m").mean() + 3 * at**2, rel=1e-14
    )
    slopes = curves[curves["kind"] == "slope"]
    assert slopes["conf_low"].to_numpy() == pytest.approx(1.1)
    assert slopes["conf_high"].to_numpy() == pytest.approx(2.9)
    assert (curves["n_draws"] == 3).all()
