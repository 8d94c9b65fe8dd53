"""Splines and draws of them, next to SciPy's smoothing spline, OLS and known truths."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import make_smoothing_spline
from scipy.optimize import minimize

from harness.plugin import draw_weights, out_of_bag, random_stream
from harness_sklearn import Splines
from harness_sklearn.spline_design import make_bends, reml_penalties, weighted_moments
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


@pytest.mark.parametrize("spread", [0.5, 2.0, 3.0, 4.0])
def test_bends_have_unit_curvature_and_share_none_however_skewed_a_column(spread):
    column = np.exp(spread * random_stream(5).normal(size=2000))
    column /= column.std()
    bends = make_bends(column, 20)
    grid, step = np.linspace(column.min(), column.max(), 100_001, retstep=True)
    second = bends.splines.derivative(2)(grid) @ bends.directions
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


def test_outcomes_that_are_fitted_together_are_fitted_as_alone():
    panel, splines = make_panel(wave), Splines(smoothing="selection")
    outcomes = np.stack([panel.column("x1") ** 3, 1e6 * panel.observed, np.sin(panel.observed)])
    together = splines.fit_outcomes(panel, outcomes, rngs=[random_stream(at) for at in range(3)])
    for at, (outcome, predicted) in enumerate(zip(outcomes, together.predict(panel), strict=True)):
        alone = splines.fit(replace(panel, observed=outcome), rng=random_stream(at))
        assert np.array_equal(predicted, alone.predict(panel))


def test_the_likelihood_smooths_outcomes_that_are_fitted_together_by_one_linear_map():
    panel = make_panel(wave)
    first, second = np.sin(panel.observed), 1e3 * panel.column("x1") ** 3
    outcomes, rngs = np.stack([first, second, first + second]), [random_stream(at) for at in range(3)]
    fits = Splines(smoothing="reml").fit_outcomes(panel, outcomes, rngs=rngs).predict(panel)
    assert fits[2] == pytest.approx(fits[0] + fits[1], abs=1e-7 * np.abs(fits[2]).max())
    alone = Splines(smoothing="reml").fit_outcomes(panel, outcomes[:1], rngs=rngs[:1]).predict(panel)[0]
    fitted = Splines(smoothing="reml").fit(replace(panel, observed=first), rng=rngs[0]).predict(panel)
    assert np.array_equal(alone, fitted)


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


def draws(panel, weights, *, selection=None, **options):
    return Splines(**options).fit_draws(
        panel, weights=weights, selection=selection, rng=random_stream(0, "draws")
    )


def test_draws_without_selection_rows_take_the_penalty_of_the_fit():
    panel = simulated_panel(random_stream(1))
    fit = Splines().fit(panel, rng=random_stream(0, "draws"))
    weights = np.ones((2, panel.n_obs))
    drawn = draws(panel, weights)
    np.testing.assert_allclose(drawn.predict(panel), np.tile(fit.predict(panel), (2, 1)), rtol=0, atol=1e-9)
    some = draws(panel, weights, selection=np.array([[0.0], [1.0]]) * np.ones(panel.n_obs))
    assert some.penalties[:, 0].tolist() == [fit.search.best("penalty"), 1e-8]


@given(seed=st.integers(0, 2**16), unit=st.sampled_from(["entity", "row"]))
@settings(max_examples=15, deadline=None)
def test_a_draw_is_penalised_least_squares_on_rows_repeated_by_their_weights(seed, unit):
    panel = simulated_panel(random_stream(seed), share=0.8)
    weights = draw_weights(panel, 4, unit=unit, rng=random_stream(seed, "weights"))
    drawn = draws(panel, weights, selection=out_of_bag(weights), penalties=(1.0, 1e-2, 1e-4))
    design = drawn.design
    columns, outcome = design.values(panel), design.inputs.outcome(panel)
    is_penalised = np.arange(columns.shape[1]) >= design.n_free
    for draw, own in enumerate(weights.astype(np.int64)):
        root = np.sqrt(own.sum() * drawn.penalties[draw, 0]) * np.diag(is_penalised.astype(np.float64))
        stacked = np.vstack([np.repeat(columns, own, axis=0), root])
        target = np.concatenate([np.repeat(outcome, own), np.zeros(len(root))])
        expected = columns @ np.linalg.lstsq(stacked, target)[0]
        predicted = design.inputs.in_outcome_units(expected)
        np.testing.assert_allclose(drawn.predict(panel)[draw], predicted, rtol=0, atol=2e-5)


def test_draws_by_reml_are_fits_on_rows_repeated_by_their_weights():
    panel = simulated_panel(random_stream(13), n_entities=25)
    weights = draw_weights(panel, 3, unit="row", rng=random_stream(14))
    drawn = draws(panel, weights, selection=out_of_bag(weights), smoothing="reml")
    design = drawn.design
    columns, outcome = design.values(panel), design.inputs.outcome(panel)
    for draw, own in enumerate(weights.astype(np.int64)):
        repeated = weighted_moments(
            np.repeat(columns, own, axis=0), np.repeat(outcome, own), np.ones((1, own.sum()))
        )
        expected = reml_penalties(
            repeated, np.array([own.sum()]), design.curve_of_column, lowest=1e-8, highest=1e2
        )
        np.testing.assert_allclose(drawn.penalties[[draw]], expected, rtol=1e-3)


def test_every_draw_keeps_the_penalty_with_the_least_error_on_the_rows_it_left_out():
    panel = simulated_panel(random_stream(2), n_entities=25)
    weights = draw_weights(panel, 30, unit="entity", rng=random_stream(3))
    aside = out_of_bag(weights)
    penalties = (1e2, 1.0, 1e-2, 1e-4)
    one_by_one = [draws(panel, weights, selection=aside, penalties=(penalty,)) for penalty in penalties]
    errors = [np.sum(aside * (drawn.predict(panel) - panel.observed) ** 2, axis=1) for drawn in one_by_one]
    chosen = draws(panel, weights, selection=aside, penalties=penalties).penalties[:, 0]
    np.testing.assert_array_equal(chosen, np.array(penalties)[np.argmin(errors, axis=0)])
    assert np.unique(chosen).size > 1
