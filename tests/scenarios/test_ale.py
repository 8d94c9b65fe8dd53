"""Accumulated local effects of one and of two columns, against closed forms and second implementations."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from harness.scenarios.ale import (
    accumulated_effects,
    corner_means,
    interaction_share,
    local_changes,
    nearest_filled,
    quantile_bins,
    second_order,
)
from harness.scenarios.grid import partial_dependence
from panels import panel_from_arrays
from scenarios.least_squares import Square


@dataclass(frozen=True)
class Function:
    """Predicts a function of the first two columns."""

    of: callable

    def predict(self, panel):
        return self.of(panel.X[:, 0], panel.X[:, 1])


def make_panel(x, m):
    return panel_from_arrays(
        entity=np.arange(x.size),
        period=np.zeros(x.size),
        outcome=np.zeros(x.size),
        X=np.column_stack([x, m]),
        columns=("x", "m"),
    )


def uniform_panel(n_obs=400, seed=0):
    return make_panel(*np.random.default_rng(seed).uniform(size=(2, n_obs)))


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


def test_a_parabola_has_its_own_differences():
    panel = uniform_panel()
    bins = bins_of(panel)
    effects = accumulated_effects(Function(lambda x, m: x**2 + m), panel, "x", bins)
    assert np.diff(effects) == pytest.approx(np.diff(bins.edges**2), abs=1e-12)
    at_rows = np.interp(panel.column("x"), bins.edges, effects)
    assert at_rows.mean() == pytest.approx(0.0, abs=1e-14)


def test_what_follows_from_the_exposure_moves_with_it():
    x = np.random.default_rng(1).uniform(size=200)
    panel = replace(make_panel(x, x**2), derived=(Square(of="x", into="m"),))
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
    panel = make_panel(x, x + rng.normal(size=500))
    bins = bins_of(panel, n_bins=15)
    effects = accumulated_effects(Function(function), panel, "x", bins)
    other = second_implementation(function, *panel.X.T, bins.edges)
    assert effects - effects[0] == pytest.approx(other, rel=1e-11, abs=1e-12)


def test_correlated_columns_do_not_mix():
    """Partial dependence of x^2 m^2 extrapolates where m follows x; local effects see rows as they are."""
    rng = np.random.default_rng(4)
    x = rng.uniform(size=4000)
    panel = make_panel(x, x + 0.01 * rng.normal(size=4000))
    bins = bins_of(panel, n_bins=40)
    model = Function(lambda x, m: x**2 * m**2)
    effects = accumulated_effects(model, panel, "x", bins)
    assert effects - effects[0] == pytest.approx(bins.edges**4 / 2, abs=2e-3)
    dependence = partial_dependence(model, panel, bins.edges)
    assert np.abs(dependence - dependence[0] - bins.edges**4 / 2).max() > 0.1


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
