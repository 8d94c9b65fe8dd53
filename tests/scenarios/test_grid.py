"""Grids with their support, mean predictions at given values, by short cuts and row by row, and slopes."""

import pickle
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from harness import PluginError
from harness.data.shared_arrays import LEAST_BYTES, as_received, as_sent, sharing
from harness.scenarios.grid import (
    exposure_grid,
    locate,
    mean_predictions,
    on_curve,
    on_surface,
    partial_dependence,
    row_slopes,
    support,
)
from harness.scenarios.task import Sealed
from panels import panel_from_arrays
from scenarios.least_squares import Product, Square, squared_panel
from worker_tasks import Opened

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


def test_row_slopes_are_chords_within_the_observed_range():
    panel = squared_panel()
    x = panel.column("x")
    step = 0.05 * np.ptp(x)
    low, high = np.maximum(x - step, x.min()), np.minimum(x + step, x.max())
    assert row_slopes(Known(), panel) == pytest.approx(1 + 3 * (low + high), rel=1e-10)
    inside = (x - step > x.min()) & (x + step < x.max())
    assert row_slopes(Known(), panel)[inside] == pytest.approx(1 + 6 * x[inside], rel=1e-10)
    assert row_slopes(KnownDraws((1.0, -2.0)), panel) == pytest.approx(np.outer([1.0, -2.0], np.ones(60)))


SLOPES = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 4.0]])


@dataclass(frozen=True)
class Linear:
    """Two draws, linear in the columns."""

    def predict(self, panel):
        return SLOPES @ panel.X.T


@dataclass(frozen=True)
class ShortCut(Linear):
    """The same, with a profile that needs no predictions; keeps what it was asked."""

    asked: list = field(default_factory=list)

    def profile(self, panel, columns, points):
        self.asked.append(columns)
        fixed = [panel.columns.index(name) for name in columns]
        still = [at for at in range(3) if at not in fixed]
        rest = SLOPES[:, still] @ panel.X[:, still].mean(axis=0)
        return rest[:, None] + SLOPES[:, fixed] @ points.T


def make_panel(*derived):
    X = np.random.default_rng(0).uniform(1, 2, size=(30, 3))
    panel = panel_from_arrays(
        entity=np.arange(30), period=np.zeros(30), outcome=np.zeros(30), X=X, columns=("x", "m", "s")
    )
    panel = replace(panel, derived=tuple(derived))
    return panel.with_column("m", panel.column("m"))


@pytest.mark.parametrize("columns", [("x",), ("m",), ("x", "m")], ids=" ".join)
def test_a_short_cut_changes_nothing(columns):
    points = np.random.default_rng(1).uniform(size=(7, len(columns)))
    panel = make_panel(Square(of="x", into="s"))
    long = mean_predictions(Linear(), panel, columns=columns, points=points)
    assert long.shape == (2, 7)
    short = mean_predictions(ShortCut(), panel, columns=columns, points=points)
    assert short == pytest.approx(long, rel=1e-13)


def test_what_follows_from_the_fixed_columns_is_told_to_the_short_cut():
    panel, points = make_panel(Square(of="x", into="s")), np.array([[3.0]])
    model = ShortCut()
    means = mean_predictions(model, panel, columns=("x",), points=points)
    assert model.asked == [("x", "s")]
    assert means[:, 0] == pytest.approx(SLOPES @ [3.0, panel.column("m").mean(), 9.0], rel=1e-13)


def test_a_column_that_differs_from_row_to_row_takes_the_long_way():
    panel = make_panel(Product(first="x", second="m", into="s"))
    model, points = ShortCut(), np.array([[3.0]])
    means = mean_predictions(model, panel, columns=("x",), points=points)
    mean = panel.column("m").mean()
    assert not model.asked
    assert means[:, 0] == pytest.approx(SLOPES @ [3.0, mean, 3.0 * mean], rel=1e-13)
    both = mean_predictions(model, panel, columns=("x", "m"), points=np.array([[3.0, 5.0]]))
    assert model.asked == [("x", "m", "s")]
    assert both[:, 0] == pytest.approx(SLOPES @ [3.0, 5.0, 15.0], rel=1e-13)


def test_columns_derived_from_derived_ones_depend_on_the_first():
    panel = make_panel(Square(of="x", into="m"), Square(of="m", into="s"))
    assert panel.dependents("x") == {"x", "m", "s"}
    assert panel.dependents("m") == {"m", "s"}
    assert panel.dependents("s") == {"s"}


@dataclass(frozen=True)
class Broken:
    def predict(self, panel):
        return np.where(panel.column("x") > 2.5, np.nan, 1.0)


def test_predictions_that_are_not_finite_are_refused():
    with pytest.raises(PluginError, match="non-finite"):
        mean_predictions(Broken(), make_panel(), columns=("x",), points=np.array([[1.0], [3.0]]))


def passed_on(sent):
    """Return an object as another process would receive it."""
    return pickle.loads(pickle.dumps(sent))  # noqa: S301 - just written


def test_where_it_was_made_it_is_the_object_itself():
    value = Opened()
    assert Sealed(value).open() is value


def test_it_is_made_again_where_it_is_opened_alone_and_once():
    before = Opened.n_times
    received = passed_on(passed_on(Sealed(Opened())))
    assert Opened.n_times == before
    assert isinstance(received.open(), Opened)
    assert received.open() is received.open()
    assert Opened.n_times == before + 1


def test_an_array_that_was_received_as_a_file_is_sent_on_as_that_file_and_parts_of_it_as_they_are():
    with sharing():
        mapped = as_sent(np.arange(2 * LEAST_BYTES, dtype=float))
        received = as_received(mapped)
    assert as_sent(received) == mapped
    assert as_sent(received.view()) == mapped
    part = received[: LEAST_BYTES + 1]
    assert as_sent(part) is part
    turned = received.reshape(2, -1).T
    assert as_sent(turned) is turned
