"""Splines beside SciPy's smoothing spline, OLS and known truths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import make_smoothing_spline
from scipy.optimize import minimize

from harness.plugin import random_stream
from harness_sklearn import Splines
from harness_sklearn.spline_design import make_bends
from panels import panel_from_arrays, simulated_panel


def make_panel(truth, n_entities=100, n_periods=6, noise=0.2, seed=0, n_columns=3, n_moderators=1):
    """A panel of columns spread evenly over (-2, 2) and an outcome of them."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n_entities * n_periods, n_columns))
    return panel_from_arrays(
        entity=np.repeat(np.arange(n_entities), n_periods),
        period=np.tile(np.arange(n_periods), n_entities),
        outcome=truth(X) + noise * rng.normal(size=len(X)),
        X=X,
        n_moderators=n_moderators,
    )


def wave(X):
    return np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] ** 2 - X[:, 2]


def cross(X):
    return np.sin(2 * X[:, 0]) * X[:, 1]


def at(panel, column, values):
    """Rows like the first one, in which a column has the given values."""
    rows = panel.take(np.zeros(len(values), dtype=np.int64))
    return rows.with_column(column, np.asarray(values, dtype=np.float64))


@pytest.mark.parametrize("penalty", [1.0, 1e-2, 1e-4, 1e-6])
def test_a_knot_at_every_value_gives_the_smoothing_spline_of_scipy(penalty):
    rng = np.random.default_rng(1)
    x = np.concatenate([[0.0, 1000.0], rng.choice(np.arange(1.0, 1000.0), size=48, replace=False)])
    panel = panel_from_arrays(
        entity=np.arange(50), period=np.zeros(50), outcome=np.sin(x / 150) + 0.3 * rng.normal(size=50), X=x
    )
    fit = Splines(knots=50, penalties=(penalty,)).fit(panel, rng=random_stream(0), selection=panel)
    order, scale = np.argsort(x), x.std()
    smooth = make_smoothing_spline(x[order] / scale, panel.observed[order], lam=50 * penalty)
    grid = np.linspace(0.0, 1000.0, 201)
    assert fit.predict(at(panel, "x0", grid)) == pytest.approx(smooth(grid / scale), abs=1e-6)


@pytest.mark.parametrize("products", ["none", "moderators"])
def test_a_large_penalty_leaves_pooled_ols(products):
    panel = make_panel(wave)
    copied = panel.with_column("x2", panel.column("x1") - 3.0 * panel.column("x0"))
    fit = Splines(penalties=(1e9,), products=products).fit(copied, rng=random_stream(0))
    columns = np.column_stack([np.ones(panel.n_obs), copied.X])
    expected = columns @ np.linalg.lstsq(columns, copied.observed)[0]
    assert fit.predict(copied) == pytest.approx(expected, abs=1e-6)


def test_curves_are_found():
    fit = Splines().fit(make_panel(wave, n_entities=300), rng=random_stream(0))
    test = make_panel(wave, seed=2, noise=0.0)
    assert np.sqrt(np.mean((fit.predict(test) - test.observed) ** 2)) < 0.06


def test_penalty_is_the_best_on_the_selection_rows():
    train, selection = make_panel(wave, seed=1, noise=2.0), make_panel(wave, seed=2, noise=2.0)
    penalties = (1e-6, 1e-3, 1.0, 1e3)
    errors = {
        penalty: np.mean(
            (
                Splines(penalties=(penalty,))
                .fit(train, rng=random_stream(0), selection=selection)
                .predict(selection)
                - selection.observed
            )
            ** 2
        )
        / train.observed.var()
        for penalty in penalties
    }
    fit = Splines(penalties=penalties).fit(train, rng=random_stream(0), selection=selection)
    table = fit.details()["search"]
    assert table["penalty"] == [1e3, 1.0, 1e-3, 1e-6]
    assert dict(zip(table["penalty"], table["selection_nmse"], strict=True)) == pytest.approx(errors)
    assert fit.search.best("penalty") == min(errors, key=errors.get)


def test_products_are_found_where_they_are_asked_for():
    train, test = make_panel(cross, n_entities=300), make_panel(cross, seed=2, noise=0.0)
    nmse = {
        products: np.mean(
            (Splines(products=products).fit(train, rng=random_stream(0)).predict(test) - test.observed) ** 2
        )
        / test.observed.var()
        for products in ("none", "moderators")
    }
    assert nmse["moderators"] < 0.01
    assert nmse["none"] > 0.9


@pytest.mark.parametrize("column", ["x0", "x1"])
def test_curves_go_on_as_straight_lines_outside_the_range(column):
    panel = make_panel(wave)
    fit = Splines().fit(panel, rng=random_stream(0))
    for outside in (np.linspace(2.0, 9.0, 8), np.linspace(-9.0, -2.0, 8)):
        bend = np.diff(fit.predict(at(panel, column, outside)), n=2)
        assert np.abs(bend).max() < 1e-5
    assert np.abs(np.diff(fit.predict(at(panel, column, np.linspace(-2.0, 2.0, 8))), n=2)).max() > 0.05


@pytest.mark.parametrize(("values", "has_bends"), [([0.0, 1.0], False), ([0.0, 1.0, 2.0], True)])
def test_a_moderator_of_two_values_has_no_bends(values, has_bends):
    panel = make_panel(lambda X: np.sin(X[:, 0]) + np.abs(X[:, 1]))
    coarse = panel.with_column("x1", random_stream(4).choice(values, size=panel.n_obs))
    fit = Splines(products="moderators").fit(coarse, rng=random_stream(0))
    assert set(fit.curves.design.bends) == ({"x0", "x1"} if has_bends else {"x0"})


@pytest.mark.parametrize("spread", [0.5, 2.0, 3.0, 4.0])
def test_bends_have_unit_curvature_and_share_none_however_skewed_a_column(spread):
    column = np.exp(spread * random_stream(5).normal(size=2000))
    column /= column.std()
    bends = make_bends(column, 20)
    grid, step = np.linspace(column.min(), column.max(), 100_001, retstep=True)
    second = bends.transformer.bsplines_[0].derivative(2)(grid) @ bends.directions
    assert step * second.T @ second == pytest.approx(np.eye(second.shape[1]), abs=0.03)


def restricted_likelihood(log_variances, columns, free, curve, outcome):
    """Return twice the negative logarithm of the likelihood of a mixed model, by its dense covariance."""
    *of_curves, of_errors = np.exp(log_variances)
    covariance = of_errors * np.eye(outcome.size) + (columns * np.array(of_curves)[curve]) @ columns.T
    inverse = np.linalg.inv(covariance)
    information = free.T @ inverse @ free
    error = outcome - free @ np.linalg.solve(information, free.T @ inverse @ outcome)
    return np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1] + error @ inverse @ error


def test_penalties_by_reml_are_those_of_a_mixed_model():
    panel = make_panel(
        lambda X: np.sin(2 * X[:, 0]) + 0.1 * X[:, 1] ** 2, n_entities=60, n_periods=4, noise=0.5
    )
    fit = Splines(smoothing="reml", knots=6).fit(panel, rng=random_stream(0))
    design = fit.curves.design
    columns, outcome = design.values(panel), design.inputs.outcome(panel)
    free, bends = np.split(columns, [design.n_free], axis=1)
    found = minimize(
        restricted_likelihood, np.zeros(3), args=(bends, free, design.curve_of_column, outcome), method="BFGS"
    )
    *of_curves, of_errors = np.exp(found.x)
    assert fit.details()["smoothing"]["curve"] == ("x0", "x1")
    assert fit.details()["smoothing"]["penalty"] == pytest.approx(
        of_errors / (np.array(of_curves) * panel.n_obs), rel=1e-3
    )


@pytest.mark.parametrize("smoothing", ["selection", "reml"])
def test_outcomes_that_are_fitted_together_are_fitted_as_alone(smoothing):
    panel, splines = make_panel(wave), Splines(smoothing=smoothing)
    outcomes = np.stack([panel.column("x1") ** 3, 1e6 * panel.observed, np.sin(panel.observed)])
    together = splines.fit_outcomes(panel, outcomes, rngs=[random_stream(at) for at in range(3)])
    for at, (outcome, predicted) in enumerate(zip(outcomes, together.predict(panel), strict=True)):
        alone = splines.fit(replace(panel, observed=outcome), rng=random_stream(at))
        assert np.array_equal(predicted, alone.predict(panel))


def shrinkage(smoothing, seed):
    """Return the share of a wave that a fit with four idle curves beside it does not have."""
    panel = make_panel(
        lambda X: np.sin(3 * X[:, 0]), n_entities=100, n_columns=5, n_moderators=4, noise=1.5, seed=seed
    )
    fit = Splines(smoothing=smoothing).fit(panel, rng=random_stream(seed))
    truth, grid = np.sin(3 * panel.column("x0")), at(panel, "x0", panel.column("x0"))
    return 1.0 - np.cov(fit.predict(grid), truth)[0, 1] / np.var(truth), fit


def test_a_curve_that_matters_is_not_shrunk_because_others_do_not():
    shared, own = (
        np.mean([shrinkage(smoothing, seed)[0] for seed in range(20)]) for smoothing in ("selection", "reml")
    )
    assert abs(own) < 0.5 * shared
    _, fit = shrinkage("reml", 0)
    penalties = dict(zip(*fit.details()["smoothing"].values(), strict=True))
    assert 100.0 * penalties.pop("x0") < min(penalties.values())


def test_the_likelihood_smooths_nuisance_functions_unless_something_else_was_chosen():
    assert Splines(knots=6).for_nuisances() == Splines(knots=6, smoothing="reml")
    assert Splines(smoothing="selection").for_nuisances() == Splines(smoothing="selection")
    fits = [
        Splines(smoothing=chosen).fit(make_panel(wave), rng=random_stream(0))
        for chosen in ("auto", "selection")
    ]
    assert fits[0].details() == fits[1].details()


def test_nothing_has_a_penalty_where_nothing_bends():
    panel = make_panel(wave, n_moderators=0)
    panel = panel.with_column("x0", (panel.column("x0") > 0.0).astype(np.float64))
    columns = np.column_stack([np.ones(panel.n_obs), panel.X])
    expected = columns @ np.linalg.lstsq(columns, panel.observed)[0]
    fit = Splines(smoothing="reml").fit(panel, rng=random_stream(0))
    assert fit.predict(panel) == pytest.approx(expected, abs=1e-6)
    assert fit.details()["smoothing"] == {"curve": (), "penalty": []}


@given(seed=st.integers(0, 2**16), spread=st.sampled_from([0.5, 3.0, 6.0]), knots=st.integers(2, 30))
@settings(max_examples=25, deadline=None)
def test_any_spread_of_a_column_has_a_curve_no_worse_than_a_line(seed, spread, knots):
    panel = simulated_panel(random_stream(seed), n_entities=30)
    skewed = panel.with_column("x0", np.exp(spread * random_stream(seed, "x").normal(size=panel.n_obs)))
    curve, line = (
        Splines(knots=knots, penalties=(penalty,)).fit(skewed, rng=random_stream(0)).predict(skewed)
        for penalty in (1e-3, 1e9)
    )
    assert np.mean((curve - skewed.observed) ** 2) <= np.mean((line - skewed.observed) ** 2) + 1e-9
