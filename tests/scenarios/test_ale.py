"""Accumulated local effects against closed forms and a second implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.scenarios.ale import accumulated_effects, bin_means, quantile_bins
from harness.scenarios.partial_dependence import partial_dependence
from scenarios.derived import Square
from scenarios.functions import Draws, Function, bins_of, make_panel, uniform_panel


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


def test_means_of_bins():
    means = bin_means(np.array([[1.0, 2.0, 6.0], [0.0, 4.0, 1.0]]), np.array([0, 0, 2]), 3)
    assert means.tolist() == [[1.5, 0.0, 6.0], [2.0, 0.0, 1.0]]


def test_a_line_is_itself_less_its_mean():
    panel = uniform_panel()
    bins = bins_of(panel)
    effects = accumulated_effects(Function(lambda x, m: 3 * x + np.exp(m)), panel, "x", bins)
    assert effects == pytest.approx(3 * (bins.edges - panel.column("x").mean()), abs=1e-12)


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


def test_draws_are_done_one_by_one():
    panel = uniform_panel()
    functions = (lambda x, m: x * m, lambda x, _m: x**2, lambda _x, m: m)
    together = accumulated_effects(Draws(functions), panel, "x", bins_of(panel))
    alone = [accumulated_effects(Function(function), panel, "x", bins_of(panel)) for function in functions]
    assert together == pytest.approx(np.stack(alone), abs=1e-14)


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
