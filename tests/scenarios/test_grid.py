"""Grids, mean predictions and slopes; accumulated local effects against second implementations."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest

from harness import PluginError
from harness.arrays import LEAST_BYTES, as_received, as_sent, sharing
from harness.scenarios import grid as grid_module
from harness.scenarios.ale import (
    accumulated_effects,
    corner_means,
    interaction_share,
    local_changes,
    nearest_filled,
    quantile_bins,
    second_order,
)
from harness.scenarios.grid import (
    exposure_grid,
    locate,
    mean_predictions,
    on_curve,
    on_surface,
    partial_dependence,
    remembering,
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


# Predictions of `answers_of`, and those that are different.
N_CALLS, N_DIFFERENT = 6 + 3 + 6, 4 + 2 + 4


def answers_of(model, panel):
    x = panel.column("x")
    return (
        *(row_slopes(model, panel, exposure=of) for of in (None, x, 2 * x)),
        *(partial_dependence(model, panel, grid) for grid in (GRID, GRID, 2 * GRID)),
        *(accumulated_effects(model, panel, name, quantile_bins(x, n_bins=3)) for name in "xmx"),
    )


def test_what_is_asked_alike_of_a_model_is_computed_once(monkeypatch):
    panel, rows, calls = squared_panel(), squared_panel(), []
    expected = [*answers_of(Known(), panel), *answers_of(KnownDraws((1.0, -2.0)), panel)]

    def counted(predict):
        return lambda model, panel: calls.append(model) or predict(model, panel)

    for kind in (Known, KnownDraws):
        monkeypatch.setattr(kind, "predict", counted(kind.predict))
    with remembering():
        models = Known(), KnownDraws((1.0, -2.0))
        again = [answer for model in models for answer in answers_of(model, panel)]
        assert len(calls) == 2 * N_DIFFERENT
        answers_of(models[0], rows)
        assert len(calls) == 3 * (4 + 2 + 4)
        monkeypatch.setattr(grid_module, "MOST_REMEMBERED", 0)
        answers_of(models[0], panel.take(np.arange(30)))
        assert len(calls) == 3 * N_DIFFERENT + N_CALLS
    answers_of(models[0], panel)
    assert len(calls) == 3 * N_DIFFERENT + 2 * N_CALLS
    for one, other in zip(again, expected, strict=True):
        np.testing.assert_array_equal(one, other)


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


@dataclass(frozen=True)
class Function:
    """Predicts a function of the first two columns."""

    of: callable

    def predict(self, panel):
        return self.of(panel.X[:, 0], panel.X[:, 1])


def pair_panel(x, m):
    return panel_from_arrays(
        entity=np.arange(x.size),
        period=np.zeros(x.size),
        outcome=np.zeros(x.size),
        X=np.column_stack([x, m]),
        columns=("x", "m"),
    )


def uniform_panel(n_obs=400, seed=0):
    return pair_panel(*np.random.default_rng(seed).uniform(size=(2, n_obs)))


def bins_of(panel, name="x", n_bins=10):
    return quantile_bins(panel.column(name), n_bins=n_bins)


def test_bins_hold_equal_shares():
    values = np.random.default_rng(2).permutation(100.0 * np.arange(40))
    bins = quantile_bins(values, n_bins=4)
    assert bins.edges.tolist() == [0.0, 900.0, 1900.0, 2900.0, 3900.0]
    assert np.bincount(bins.codes).tolist() == [10, 10, 10, 10]
    assert ((values > bins.low) | (values == 0.0)).all()
    assert (values <= bins.high).all()


def test_ties_merge_bins_and_none_is_empty():
    bins = quantile_bins(np.repeat([0.0, 1.0, 5.0], [50, 6, 4]), n_bins=10)
    assert bins.edges.tolist() == [0.0, 1.0, 5.0]
    assert np.bincount(bins.codes).tolist() == [56, 4]


def test_what_follows_from_the_exposure_moves_with_it():
    x = np.random.default_rng(1).uniform(size=200)
    panel = replace(pair_panel(x, x**2), derived=(Square(of="x", into="m"),))
    bins = bins_of(panel)
    effects = accumulated_effects(Function(lambda _x, m: m), panel, "x", bins)
    assert np.diff(effects) == pytest.approx(np.diff(bins.edges**2), abs=1e-12)


def second_implementation(function, x, m, edges):
    """Rows by pandas' own cuts, one bin after the other."""
    frame = pd.DataFrame({"x": x, "m": m, "bin": pd.cut(x, edges, include_lowest=True, labels=False)})
    steps = [
        (function(edges[at + 1], rows["m"]) - function(edges[at], rows["m"])).mean()
        for at, rows in frame.groupby("bin")
    ]
    return np.concatenate([[0.0], np.cumsum(steps)])


@pytest.mark.parametrize(
    "function",
    [lambda x, m: np.sin(5 * x * m), lambda x, m: np.exp(x - m) + x**3, lambda x, m: np.abs(x - m)],
    ids=["sine", "exponential", "kink"],
)
def test_second_implementation(function):
    rng = np.random.default_rng(7)
    x = rng.gamma(2.0, size=500)
    panel = pair_panel(x, x + rng.normal(size=500))
    bins = bins_of(panel, n_bins=15)
    effects = accumulated_effects(Function(function), panel, "x", bins)
    other = second_implementation(function, *panel.X.T, bins.edges)
    assert effects - effects[0] == pytest.approx(other, rel=1e-11, abs=1e-12)


def share_of(model, panel):
    names = ("x", "m")
    return interaction_share(local_changes(model, panel, panel, names), panel, names)


def second_order_of(model, panel, bins):
    return second_order(corner_means(model, panel, ("x", "m"), bins), panel, ("x", "m"), bins)


def test_the_interaction_of_a_product():
    """With x and m independent on (0, 1), var((x - 1/2)(m - 1/2)) = 1/144 of var(x m) = 7/144."""
    panel = uniform_panel(n_obs=20_000)
    model = Function(lambda x, m: x * m)
    assert share_of(model, panel) == pytest.approx(1 / 7, abs=0.006)
    values = second_order_of(model, panel, (bins_of(panel), bins_of(panel, "m")))
    x, m = panel.X.T
    assert values == pytest.approx((x - x.mean()) * (m - m.mean()), abs=0.01)


def test_no_effect_has_no_share():
    assert np.isnan(share_of(Function(lambda x, _m: 0 * x), uniform_panel()))


def loop_second_order(function, x, m, first, second):
    """Second differences cell by cell, main effects taken out as averages over rows, in plain loops."""
    n, k = first.n_bins, second.n_bins
    steps, counts = np.zeros((n, k)), np.zeros((n, k))
    for i in range(n):
        for j in range(k):
            inside = (first.codes == i) & (second.codes == j)
            (a, b), (c, d) = first.edges[i : i + 2], second.edges[j : j + 2]
            steps[i, j] = function(b, d) - function(a, d) - function(b, c) + function(a, c)
            counts[i, j] = inside.sum()
    surface = np.zeros((n + 1, k + 1))
    for i in range(n):
        for j in range(k):
            surface[i + 1, j + 1] = surface[i, j + 1] + surface[i + 1, j] - surface[i, j] + steps[i, j]
    pure = surface.copy()
    for i in range(n):
        rises = [(surface[i + 1, j : j + 2] - surface[i, j : j + 2]).mean() for j in range(k)]
        pure[i + 1 :, :] -= np.average(rises, weights=counts[i])
    for j in range(k):
        rises = [(surface[i : i + 2, j + 1] - surface[i : i + 2, j]).mean() for i in range(n)]
        pure[:, j + 1 :] -= np.average(rises, weights=counts[:, j])
    return pure


def test_second_implementation_of_the_second_order():
    from scipy.interpolate import RegularGridInterpolator

    panel = uniform_panel(n_obs=600)
    bins = bins_of(panel, n_bins=4), bins_of(panel, "m", n_bins=5)
    function = lambda x, m: np.exp(2 * x * m) + x  # noqa: E731 - one function for both implementations
    pure = loop_second_order(function, *panel.X.T, *bins)
    at_rows = RegularGridInterpolator([axis.edges for axis in bins], pure)(panel.X)
    values = second_order_of(Function(function), panel, bins)
    assert values == pytest.approx(at_rows - at_rows.mean(), rel=1e-10, abs=1e-12)


def test_an_empty_cell_takes_the_nearest():
    counts = np.array([[5, 0, 0], [0, 0, 2]])
    assert nearest_filled(counts).tolist() == [0, 0, 5, 0, 5, 5]
