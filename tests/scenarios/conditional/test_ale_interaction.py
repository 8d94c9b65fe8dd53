"""The interaction share of two columns against closed forms and a second implementation."""

from __future__ import annotations

import numpy as np
import pytest

from harness.scenarios.conditional.ale_interaction import (
    corner_means,
    interaction_share,
    local_changes,
    nearest_filled,
    second_order,
)
from scenarios.functions import Draws, Function, bins_of, uniform_panel


def share_of(model, panel, names=("x", "m")):
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


def test_effects_that_add_up_do_not_interact():
    panel = uniform_panel()
    shares = share_of(Draws((lambda x, m: x**2 + np.sin(m), lambda x, m: x * (m > 0.5))), panel)
    assert shares[0] == pytest.approx(0.0, abs=1e-20)
    assert shares[1] > 0.1


def test_no_effect_has_no_share():
    assert np.isnan(share_of(Function(lambda x, _m: 0 * x), uniform_panel()))


def test_the_interaction_does_not_depend_on_the_order_of_the_two():
    panel = uniform_panel(n_obs=4000)
    model = Function(lambda x, m: np.exp(2 * x * m))
    share = share_of(model, panel)
    assert share_of(model, panel, ("m", "x")) == pytest.approx(share, rel=1e-12)


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
