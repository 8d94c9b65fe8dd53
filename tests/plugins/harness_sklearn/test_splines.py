"""Elastic nets and splines next to scikit-learn, SciPy, closed forms and known truths."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import make_smoothing_spline
from scipy.optimize import minimize
from sklearn import linear_model
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from harness import EstimationError, Problem
from harness.plugin import draw_weights, inner_split, out_of_bag, random_stream, stream_at
from harness_panel import EntityMean, PooledOLS
from harness_sklearn import Boosting, ElasticNet, Splines, Tuned
from harness_sklearn.spline_design import make_bends, reml_penalties, weighted_moments
from panels import balanced_panel, simulated_panel


def make_panel(n_entities=60, n_periods=5, noise=0.5, seed=0, n_columns=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_entities * n_periods, n_columns)) * 3.0 + 10.0
    z = (X - 10.0) / 3.0
    return balanced_panel(
        (n_entities, n_periods),
        outcome=z[:, 0] + 0.7 * z[:, 0] * z[:, 1] + noise * rng.normal(size=len(X)),
        X=X,
    )


def with_columns(panel, *, derived=(), **columns):
    """The panel with controls put behind its own columns."""
    return replace(
        panel,
        controls=(*panel.controls, *columns),
        X=np.column_stack([panel.X, *columns.values()]),
        derived=derived,
    )


def direct(panel, *, penalty, l1_ratio):
    """Polynomial features of standardised columns, standardised again, in scikit-learn's words."""
    outcome = StandardScaler().fit(panel.observed[:, None])
    net = linear_model.ElasticNet(alpha=penalty, l1_ratio=l1_ratio, tol=1e-12, max_iter=100_000)
    model = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler(), net)
    model.fit(panel.X, outcome.transform(panel.observed[:, None])[:, 0])
    return lambda other: outcome.inverse_transform(model.predict(other.X)[:, None])[:, 0]


def test_the_fit_is_that_of_scikit_learn_with_the_chosen_penalty():
    train, selection = make_panel(seed=1), make_panel(seed=2)
    fit = ElasticNet().fit(train, selection=selection)
    expected = direct(train, penalty=fit.penalty, l1_ratio=fit.l1_ratio)
    assert fit.predict(selection) == pytest.approx(expected(selection), abs=1e-6)


def test_every_candidate_has_the_error_of_scikit_learn_and_the_least_is_kept():
    train, selection = make_panel(seed=1, noise=2.0), make_panel(seed=2, noise=2.0)
    fit = ElasticNet(l1_ratios=(0.3, 1.0), n_penalties=8).fit(train, selection=selection)
    table = fit.details()["search"]
    candidates = list(zip(table["penalty"], table["l1_ratio"], strict=True))
    errors = [
        np.mean((direct(train, penalty=penalty, l1_ratio=ratio)(selection) - selection.observed) ** 2)
        for penalty, ratio in candidates
    ]
    assert len(candidates) == 16
    assert table["selection_nmse"] == pytest.approx(np.array(errors) / train.observed.var(), abs=1e-6)
    assert (fit.penalty, fit.l1_ratio) == candidates[int(np.argmin(errors))]


def test_one_column_of_two_values_is_shrunk_as_the_closed_form_says():
    x = np.tile([-1.0, 1.0], 100)
    noise = random_stream(4).normal(size=200)
    panel = balanced_panel((50, 4), outcome=0.4 * x + noise, X=x)
    fit = ElasticNet(l1_ratios=(0.5,)).fit(panel, selection=panel)
    correlation = np.corrcoef(x, panel.observed)[0, 1]
    table = fit.details()["search"]
    penalties = np.array(table["penalty"])
    shrunk = np.maximum(correlation - 0.5 * penalties, 0.0) / (1.0 + 0.5 * penalties)
    assert fit.terms.names == ("x0",)
    assert table["selection_nmse"] == pytest.approx(1.0 - 2.0 * correlation * shrunk + shrunk**2, abs=1e-6)
    assert fit.slopes == pytest.approx([shrunk[-1]], abs=1e-6)


@dataclass(frozen=True)
class Power:
    """A product of columns, each as often as it is named."""

    into: str
    inputs: tuple[str, ...]
    power: int = 1

    def compute(self, columns):
        return np.prod([columns[name] ** self.power for name in self.inputs], axis=0)


COPIES = {"square": Power("copy", ("x0",), power=2), "product": Power("copy", ("x2", "x1"))}


@pytest.mark.parametrize("step", COPIES.values(), ids=COPIES.keys())
def test_a_derived_product_counts_once_and_is_noted(step):
    panel = make_panel(seed=6)
    values = step.compute({name: panel.column(name) for name in panel.columns})
    fit = ElasticNet().fit(with_columns(panel, copy=values, derived=(step,)))
    alone = ElasticNet().fit(panel)
    assert fit.terms.names == alone.terms.names
    np.testing.assert_array_equal(fit.slopes, alone.slopes)
    assert [(note.code, note.where) for note in fit.notes] == [("W-DUP", "copy")]


def test_the_square_of_a_left_out_square_stays():
    panel = make_panel(seed=6)
    square, fourth = panel.column("x0") ** 2, panel.column("x0") ** 4
    steps = (Power("square", ("x0",), power=2), Power("fourth", ("square",), power=2))
    fit = ElasticNet().fit(with_columns(panel, square=square, fourth=fourth, derived=steps))
    assert "fourth" in fit.terms.names
    assert "square" not in fit.terms.names


def test_an_exposure_stays_though_it_is_a_square():
    panel = make_panel(seed=6)
    step = Power("x0", ("x1",), power=2)
    squared = replace(panel.with_column("x0", panel.column("x1") ** 2), derived=(step,))
    fit = ElasticNet().fit(squared)
    assert "x0" in fit.terms.names
    assert fit.notes == ()


def test_a_fit_that_stops_short_is_noted_and_warns_nobody():
    panel = make_panel(seed=8)
    alike = with_columns(panel, x9=panel.column("x0") + 0.01 * random_stream(9).normal(size=panel.n_obs))
    short, long = (ElasticNet(max_rounds=most).fit(alike) for most in (1, 100_000))
    (note,) = short.notes
    assert note.code == "W-CONVERGENCE"
    assert "after 1 rounds" in note.message
    assert long.notes == ()


def test_too_many_terms_are_refused_with_their_number():
    panel = make_panel(n_columns=90)
    with pytest.raises(EstimationError, match=r"90 columns .* make 4185 terms"):
        ElasticNet().fit(panel)


WAVY = Splines(knots=12, penalties=(1e-8,))
LINE = Splines(penalties=(1e6,))


def tuning_panel(*, curved, n_entities=60, n_periods=5, seed=0):
    rng = np.random.default_rng(seed)
    size = n_entities * n_periods
    x = rng.uniform(-2, 2, size=size)
    return balanced_panel(
        (n_entities, n_periods),
        outcome=(np.sin(3 * x) if curved else x) + 0.5 * rng.normal(size=size),
        X=x[:, None],
    )


def chosen(fit):
    return fit.details()["search"]["chosen"].index(True)


@dataclass(frozen=True)
class Refuses:
    """An estimator that needs more rows than it gets."""

    name: ClassVar[str] = "refuses_for_tests"
    provides: ClassVar[frozenset[type]] = frozenset()
    needs: int = 1000

    def fit(self, panel, *, rng, selection=None):
        if panel.n_obs < self.needs:
            raise EstimationError(Problem("refuses", f"{panel.n_obs} rows", hint="more"))
        return PooledOLS().fit(panel, rng=rng)


def test_the_choice_is_that_of_a_loop_and_the_best_is_fitted_on_all_rows():
    panel, candidates = tuning_panel(curved=True), (PooledOLS(), Boosting(min_leaf=5), WAVY)
    rng = random_stream(3, "t")
    fit = Tuned(candidates).fit(panel, rng=random_stream(3, "t"))
    ordered = panel.take(panel.canonical_order)
    split = inner_split(ordered, share=0.2, rng=stream_at(rng, 0))
    train, aside = ordered.take(split.train), ordered.take(split.selection)
    errors = []
    for at, one in enumerate(candidates):
        predicted = one.fit(train, rng=stream_at(rng, at + 1), selection=aside).predict(aside)
        errors.append(np.mean((aside.observed - predicted) ** 2) / aside.observed.var())
    assert fit.details()["search"]["selection_nmse"] == pytest.approx(errors, rel=1e-12)
    best = candidates[int(np.argmin(errors))]
    whole = best.fit(ordered, rng=random_stream(3, "t"))
    assert fit.predict(panel) == pytest.approx(whole.predict(panel), rel=1e-12)


def test_rows_of_the_protocol_are_selected_on_and_none_are_set_aside():
    panel, selection = tuning_panel(curved=True), tuning_panel(curved=True, seed=5)
    fit = Tuned((LINE, WAVY)).fit(panel, selection=selection)
    expected = WAVY.fit(panel, rng=random_stream(9), selection=selection)
    assert fit.predict(panel) == pytest.approx(expected.predict(panel), rel=1e-9)


def test_entities_are_set_aside_whole_and_periods_from_the_end():
    panel = tuning_panel(curved=True)
    by_time = replace(panel, split_unit="time")
    # An entity's mean predicts later periods of it, and of a new entity no more than the mean of all.
    level = np.random.default_rng(1).normal(scale=5.0, size=60)[panel.entity.codes]
    tuned = Tuned((PooledOLS(), EntityMean()))
    assert chosen(tuned.fit(replace(by_time, observed=panel.observed + level))) == 1
    fit = tuned.fit(replace(panel, observed=level + 4.0 * panel.X[:, 0]))
    assert chosen(fit) == 0


def test_a_candidate_that_refuses_is_passed_over_and_has_no_error():
    table = Tuned((Refuses(), LINE)).fit(tuning_panel(curved=False)).details()["search"]
    assert np.isnan(table["selection_nmse"]).tolist() == [True, False]
    assert table["chosen"] == [False, True]


def test_where_all_refuse_what_is_left_the_first_is_fitted_and_a_note_says_so():
    panel = tuning_panel(curved=False)
    fit = Tuned((Refuses(300), Refuses(400))).fit(panel)
    assert [note.code for note in fit.notes] == ["W-UNTUNED"]
    assert fit.predict(panel) == pytest.approx(PooledOLS().fit(panel).predict(panel))
    with pytest.raises(EstimationError, match="300 rows"):
        Tuned((Refuses(), Refuses())).fit(panel)


def test_options_of_candidates_are_told_by_what_is_unlike_the_first():
    tuned = Tuned((Boosting(), Boosting(max_leaves=4, min_leaf=5), WAVY))
    fit = tuned.fit(tuning_panel(curved=True))
    assert fit.details()["search"]["options"] == ["boosting", "max_leaves=4, min_leaf=5", "splines"]


def even_panel(truth, n_entities=100, n_periods=6, noise=0.2, seed=0, n_columns=3, n_moderators=1):
    """A panel of columns spread evenly over (-2, 2) and an outcome of them."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, size=(n_entities * n_periods, n_columns))
    return balanced_panel(
        (n_entities, n_periods),
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
    panel = balanced_panel((50, 1), outcome=np.sin(x / 150) + 0.3 * rng.normal(size=50), X=x)
    fit = Splines(knots=50, penalties=(penalty,)).fit(panel, selection=panel)
    order, scale = np.argsort(x), x.std()
    smooth = make_smoothing_spline(x[order] / scale, panel.observed[order], lam=50 * penalty)
    grid = np.linspace(0.0, 1000.0, 201)
    assert fit.predict(at(panel, "x0", grid)) == pytest.approx(smooth(grid / scale), abs=1e-6)


@pytest.mark.parametrize("products", ["none", "moderators"])
def test_a_large_penalty_leaves_pooled_ols(products):
    panel = even_panel(wave)
    copied = panel.with_column("x2", panel.column("x1") - 3.0 * panel.column("x0"))
    fit = Splines(penalties=(1e9,), products=products).fit(copied)
    columns = np.column_stack([np.ones(panel.n_obs), copied.X])
    expected = columns @ np.linalg.lstsq(columns, copied.observed)[0]
    assert fit.predict(copied) == pytest.approx(expected, abs=1e-6)


def test_penalty_is_the_best_on_the_selection_rows():
    train, selection = even_panel(wave, seed=1, noise=2.0), even_panel(wave, seed=2, noise=2.0)
    penalties = (1e-6, 1e-3, 1.0, 1e3)
    errors = {
        penalty: np.mean(
            (
                Splines(penalties=(penalty,)).fit(train, selection=selection).predict(selection)
                - selection.observed
            )
            ** 2
        )
        / train.observed.var()
        for penalty in penalties
    }
    fit = Splines(penalties=penalties).fit(train, selection=selection)
    table = fit.details()["search"]
    assert table["penalty"] == [1e3, 1.0, 1e-3, 1e-6]
    assert dict(zip(table["penalty"], table["selection_nmse"], strict=True)) == pytest.approx(errors)
    assert fit.search.best("penalty") == min(errors, key=errors.get)


def test_products_are_found_where_they_are_asked_for():
    train, test = even_panel(cross, n_entities=300), even_panel(cross, seed=2, noise=0.0)
    nmse = {
        products: np.mean((Splines(products=products).fit(train).predict(test) - test.observed) ** 2)
        / test.observed.var()
        for products in ("none", "moderators")
    }
    assert nmse["moderators"] < 0.01
    assert nmse["none"] > 0.9


@pytest.mark.parametrize("column", ["x0", "x1"])
def test_curves_go_on_as_straight_lines_outside_the_range(column):
    panel = even_panel(wave)
    fit = Splines().fit(panel)
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
    second = bends.splines.derivative(2)(grid)
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
    panel = even_panel(
        lambda X: np.sin(2 * X[:, 0]) + 0.1 * X[:, 1] ** 2, n_entities=60, n_periods=4, noise=0.5
    )
    fit = Splines(smoothing="reml", knots=6).fit(panel)
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


def test_without_a_curve_the_likelihood_leaves_least_squares(capfd):
    X = random_stream(6).integers(0, 2, size=(200, 2)).astype(np.float64)
    panel = balanced_panel((40, 5), outcome=X[:, 0] + random_stream(7).normal(size=200), X=X)
    columns = np.column_stack([np.ones(200), X])
    expected = columns @ np.linalg.lstsq(columns, panel.observed)[0]
    assert Splines(smoothing="reml").fit(panel).predict(panel) == pytest.approx(expected, abs=1e-7)
    assert capfd.readouterr().err == ""  # LAPACK complains there of matrices without columns


def test_outcomes_that_are_fitted_together_are_fitted_as_alone():
    panel, splines = even_panel(wave), Splines(smoothing="selection")
    outcomes = np.stack([panel.column("x1") ** 3, 1e6 * panel.observed, np.sin(panel.observed)])
    together = splines.fit_outcomes(panel, outcomes, rngs=[random_stream(at) for at in range(3)])
    for at, (outcome, predicted) in enumerate(zip(outcomes, together.predict(panel), strict=True)):
        alone = splines.fit(replace(panel, observed=outcome), rng=random_stream(at))
        assert np.array_equal(predicted, alone.predict(panel))


def test_the_likelihood_smooths_outcomes_that_are_fitted_together_by_one_linear_map():
    panel = even_panel(wave)
    first, second = np.sin(panel.observed), 1e3 * panel.column("x1") ** 3
    outcomes, rngs = np.stack([first, second, first + second]), [random_stream(at) for at in range(3)]
    fits = Splines(smoothing="reml").fit_outcomes(panel, outcomes, rngs=rngs).predict(panel)
    assert fits[2] == pytest.approx(fits[0] + fits[1], abs=1e-7 * np.abs(fits[2]).max())
    alone = Splines(smoothing="reml").fit_outcomes(panel, outcomes[:1], rngs=rngs[:1]).predict(panel)[0]
    fitted = Splines(smoothing="reml").fit(replace(panel, observed=first), rng=rngs[0]).predict(panel)
    assert np.array_equal(alone, fitted)


def shrinkage(smoothing, seed):
    """Return the share of a wave that a fit with four idle curves beside it does not have."""
    panel = even_panel(
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
    fits = [Splines(smoothing=chosen).fit(even_panel(wave)) for chosen in ("auto", "selection")]
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
