"""Estimates and errors from given folds and predictions, against DoubleML."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from harness import EstimationError
from harness.scenarios.effect.dependence import DependentErrors
from harness.scenarios.effect.score import (
    EntityFolds,
    Estimated,
    aggregated,
    differences,
    effective_entities,
    instrumented,
    partialled_out,
    robustness_values,
)
from harness.scenarios.effect.terms import control_names, line, nuisance_design
from panels import panel_from_arrays, panel_from_frame

APPROACH = {"first_differences": ("fd_exact", "d_diff"), "correlated_random_effects": ("cre_general", "d")}


@pytest.fixture(scope="module")
def panel_frame():
    """Return 57 entities over at most 6 periods with gaps, so that folds are of unequal size."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"id": np.repeat(np.arange(57), 6), "time": np.tile(np.arange(6), 57)})
    frame["x1"], frame["x2"] = rng.standard_normal((2, len(frame)))
    level = np.repeat(rng.standard_normal(57), 6)
    frame["d"] = np.cos(frame["x1"]) + level + rng.standard_normal(len(frame))
    frame["y"] = 0.5 * frame["d"] + frame["x1"] ** 2 + level + rng.standard_normal(len(frame))
    return frame.drop(index=[8, 21, 22, 100, 230]).reset_index(drop=True)


@pytest.fixture(scope="module")
def panel(panel_frame):
    return panel_from_frame(
        panel_frame, entity="id", time="time", outcome="y", exposure="d", controls=["x1", "x2"]
    )


def fitted_by_doubleml(model, folds, codes, predictions):
    """Fit a model of DoubleML with these folds of entities, (n_obs,) codes, and predictions."""
    present = np.unique(codes)
    rows = [[(one.others(at), one.held_out(at)) for at in range(5)] for one in folds]
    entities = [[([present[one.fold != at]], [present[one.fold == at]]) for at in range(5)] for one in folds]
    model.set_sample_splitting(rows, entities)
    return model.fit(external_predictions=predictions)


@pytest.mark.slow
@pytest.mark.parametrize("method", APPROACH)
@pytest.mark.filterwarnings("ignore")
def test_given_folds_and_predictions_the_numbers_are_those_of_doubleml(panel_frame, panel, method):
    import doubleml

    approach, term = APPROACH[method]
    rows = nuisance_design(method, panel, line(panel), control_names(panel))
    rng, repeats = np.random.default_rng(5), 3
    folds = [EntityFolds.drawn(rows.panel.entity.codes, n_folds=5, rng=rng) for _ in range(repeats)]
    outcome_hat, term_hat = 0.3 * rng.standard_normal((2, rows.outcome.size, repeats))
    data = doubleml.DoubleMLPanelData(
        panel_frame, y_col="y", d_cols="d", t_col="time", id_col="id", static_panel=True
    )
    learner = doubleml.utils.DMLDummyRegressor()
    model = doubleml.DoubleMLPLPR(
        data, learner, learner, n_rep=repeats, approach=approach, draw_sample_splitting=False
    )
    predictions = {term: {"ml_l": outcome_hat, "ml_m": term_hat}}
    theirs = fitted_by_doubleml(model, folds, rows.panel.entity.codes, predictions)
    assert theirs.data_transform.y == pytest.approx(rows.outcome, abs=1e-12)
    ours = [
        partialled_out(rows.outcome, rows.terms, outcome_hat[:, at], term_hat[:, [at]], one)
        for at, one in enumerate(folds)
    ]
    assert [one.theta[0] for one in ours] == pytest.approx(theirs.all_coef[0], rel=1e-8)
    left = rows.terms - term_hat
    errors = [
        error_by_scores(one, left[:, at] ** 2, fold)
        for at, (one, fold) in enumerate(zip(ours, folds, strict=True))
    ]
    assert errors == pytest.approx(theirs.all_se[0], rel=1e-8)
    effects = aggregated(ours, np.ones((1, 1)), clustered(rows.panel.entity.codes), level=0.95, rng=rng)
    assert effects.estimate == pytest.approx(theirs.coef, rel=1e-8)
    # DoubleML 0.11 takes the median of upper limits; its variance is then the squared distance to the median.
    assert effects.std_error == pytest.approx(theirs.se, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("within", APPROACH)
@pytest.mark.filterwarnings("ignore")
def test_given_folds_and_predictions_instrumented_numbers_are_those_of_doubleml(panel, within):
    import doubleml

    rng = np.random.default_rng(6)
    Z = panel.column("d")[:, None] + rng.standard_normal((panel.n_obs, 1))
    rows = nuisance_design(within, panel, line(panel), control_names(panel), Z)
    codes = rows.panel.entity.codes
    folds = EntityFolds.drawn(codes, n_folds=5, rng=rng)
    hats = 0.3 * rng.standard_normal((3, rows.outcome.size, 1))
    frame = pd.DataFrame({"y": rows.outcome, "d": rows.terms[:, 0], "x": hats[0, :, 0], "id": codes})
    frame["z"] = rows.instruments
    data = doubleml.DoubleMLClusterData(
        frame, y_col="y", d_cols="d", x_cols="x", z_cols="z", cluster_cols="id"
    )
    learner = doubleml.utils.DMLDummyRegressor()
    model = doubleml.DoubleMLPLIV(data, learner, learner, learner, draw_sample_splitting=False)
    predictions = {"d": dict(zip(("ml_l", "ml_r", "ml_m"), hats, strict=True))}
    theirs = fitted_by_doubleml(model, [folds], codes, predictions)
    ours = instrumented(rows.outcome, rows.terms, rows.instruments, hats[0, :, 0], hats[1], hats[2], folds)
    assert ours.theta == pytest.approx(theirs.coef, rel=1e-8)
    left = (rows.terms - hats[1])[:, 0] * (rows.instruments - hats[2])[:, 0]
    assert error_by_scores(ours, left, folds) == pytest.approx(theirs.se[0], rel=1e-8)


def test_instrumented_residuals_alone_give_two_stage_least_squares_and_its_first_stage():
    from linearmodels.iv import IV2SLS

    rng = np.random.default_rng(8)
    entity = np.repeat(np.arange(40), 5)
    Z, shock = rng.standard_normal((200, 3)), rng.standard_normal(200)
    terms = np.stack([Z[:, 0] + Z[:, 1] + shock, Z[:, 2] - shock + rng.standard_normal(200)], axis=1)
    outcome = terms @ [0.5, 1.0] + shock + rng.standard_normal(200)
    folds = EntityFolds.drawn(entity, n_folds=5, rng=rng)
    zeros = np.zeros_like
    ours = instrumented(outcome, terms, Z, zeros(outcome), zeros(terms), zeros(Z), folds)
    fit = IV2SLS(outcome, None, terms, Z).fit(cov_type="clustered", clusters=entity, debiased=False)
    assert ours.theta == pytest.approx(fit.params.to_numpy(), rel=1e-10)
    moved = Z @ np.linalg.lstsq(Z, terms)[0]
    assert folds.summed(ours.influence) == pytest.approx(jackknife(outcome, terms, moved, entity), rel=1e-8)
    one = instrumented(outcome, terms[:, :1], Z, zeros(outcome), zeros(terms[:, :1]), zeros(Z), folds)
    moved = Z @ np.linalg.lstsq(Z, terms[:, :1])[0]
    assert folds.summed(one.influence) == pytest.approx(jackknife(outcome, terms[:, :1], moved, entity))
    for slope in (0.0, 0.5, 3.0):
        reduced_form = sm.OLS(outcome - slope * terms[:, 0], Z).fit(
            cov_type="cluster", cov_kwds={"groups": entity, "use_correction": False}
        )
        assert one.reduced.statistic(slope) == pytest.approx(reduced_form.f_test(np.eye(3)).fvalue, rel=1e-8)
    assert ours.reduced is None
    stages = [fit.first_stage.individual[name] for name in fit.first_stage.individual]
    statistics = [float(one.wald_test(np.eye(3), np.zeros(3)).stat) / 3 for one in stages]
    assert ours.first_stage_f == pytest.approx(min(statistics), rel=1e-8)
    effects = aggregated([ours], np.eye(2), clustered(entity), level=0.95, rng=rng)
    assert effects.first_stage_f == ours.first_stage_f
    assert np.isnan(effects.robustness_value).all()


def error_by_scores(one, jacobian, folds):
    """Return the error by scores as they are, not enlarged by the leverage of their entities."""
    parts = folds.weights * folds.summed(jacobian)
    return np.sqrt(np.square(folds.summed(one.influence)[:, 0] * (1.0 - parts / parts.sum())).sum())


def clustered(entity):
    """Return errors that depend on each other within entities, (n_obs,) codes of rows."""
    codes = np.asarray(entity)
    nothing = np.zeros(codes.size)
    return DependentErrors(
        panel_from_arrays(entity=codes, period=np.arange(codes.size), outcome=nothing, X=nothing)
    )


def jackknife(outcome, terms, instruments, entity):
    """Return how far coefficients move without each entity, (n_entities, n_terms)."""
    whole = np.linalg.solve(instruments.T @ terms, instruments.T @ outcome)
    kept = [entity != one for one in np.unique(entity)]
    return np.stack(
        [
            whole - np.linalg.solve(instruments[rows].T @ terms[rows], instruments[rows].T @ outcome[rows])
            for rows in kept
        ]
    )


def test_residuals_alone_give_least_squares_with_errors_clustered_by_entity():
    """By the jackknife of entities."""
    rng = np.random.default_rng(2)
    entity = np.repeat(np.arange(40), 5)
    terms, outcome = rng.standard_normal((200, 2)), rng.standard_normal(200)
    folds = EntityFolds.drawn(entity, n_folds=5, rng=rng)
    zeros = np.zeros_like
    ours = partialled_out(outcome, terms, zeros(outcome), zeros(terms), folds)
    assert ours.theta == pytest.approx(sm.OLS(outcome, terms).fit().params, rel=1e-10)
    assert folds.summed(ours.influence) == pytest.approx(jackknife(outcome, terms, terms, entity), rel=1e-8)
    one = partialled_out(outcome, terms[:, :1], zeros(outcome), zeros(terms[:, :1]), folds)
    assert folds.summed(one.influence) == pytest.approx(jackknife(outcome, *[terms[:, :1]] * 2, entity))
    assert ours.residual_share == 1.0


def test_a_term_that_one_entity_alone_tells_is_refused():
    rng = np.random.default_rng(3)
    entity = np.repeat(np.arange(40), 5)
    terms = np.stack([rng.standard_normal(200), np.where(entity == 7, rng.standard_normal(200), 0.0)], axis=1)
    folds = EntityFolds.drawn(entity, n_folds=5, rng=rng)
    with pytest.raises(EstimationError, match="varies in a single entity"):
        partialled_out(rng.standard_normal(200), terms, np.zeros(200), np.zeros((200, 2)), folds)


@pytest.mark.parametrize("n_instruments", [0, 2])
def test_units_of_terms_turn_coefficients_over_and_refuse_none(n_instruments):
    rng = np.random.default_rng(3)
    entity, units = np.repeat(np.arange(40), 5), np.array([1e-9, 1e9])
    Z = rng.standard_normal((200, 2))
    terms = Z @ [[1.0, 0.3], [0.2, 1.0]] + rng.standard_normal((200, 2))
    outcome = terms @ [0.5, 1.0] + rng.standard_normal(200)
    folds = EntityFolds.drawn(entity, n_folds=5, rng=rng)
    zeros = np.zeros_like

    def theta(given):
        if n_instruments:
            return instrumented(outcome, given, Z, zeros(outcome), zeros(given), zeros(Z), folds).theta
        return partialled_out(outcome, given, zeros(outcome), zeros(given), folds).theta

    assert theta(terms * units) * units == pytest.approx(theta(terms), rel=1e-6)


def test_terms_that_inputs_or_instruments_do_not_tell_apart_are_refused():
    rng = np.random.default_rng(3)
    folds = EntityFolds.drawn(np.repeat(np.arange(40), 5), n_folds=5, rng=rng)
    outcome, term, other = rng.standard_normal((3, 200))
    twice, both = np.stack([term, 2.0 * term], axis=1), np.stack([term, other], axis=1)
    zeros = np.zeros_like
    with pytest.raises(EstimationError, match="the inputs determine the exposure"):
        partialled_out(outcome, twice, zeros(outcome), zeros(twice), folds)
    with pytest.raises(EstimationError, match="the inputs determine the instrument"):
        instrumented(outcome, both, twice, zeros(outcome), zeros(both), zeros(twice), folds)
    one = (term + other)[:, None]
    with pytest.raises(EstimationError, match="do not move every term"):
        instrumented(outcome, both, one, zeros(outcome), zeros(both), zeros(one), folds)


def test_entities_count_by_what_is_left_in_them():
    """One over the sum of squared shares: all where they are alike, one where one has all, 1.8 for 2 to 1."""
    folds = EntityFolds(np.repeat(np.arange(4), 3), np.array([0, 1, 0, 1]))
    size = np.array([[1.0, 0.0, np.sqrt(2.0)], [1.0, 0.0, 1.0], [1.0, 5.0, 0.0], [1.0, 0.0, 0.0]])
    left = np.repeat(size, 3, axis=0)
    found = [effective_entities(left[:, [column]], folds) for column in range(3)]
    assert found == pytest.approx([4.0, 1.0, 1.8])
    rng = np.random.default_rng(2)
    known = np.repeat([1.0, 1.0, 1.0, 9.0], 3) * rng.choice([-1.0, 1.0], size=12)
    ours = partialled_out(rng.standard_normal(12), known[:, None], np.zeros(12), np.zeros((12, 1)), folds)
    assert ours.n_effective == pytest.approx(84.0**2 / (3.0 + 81.0**2))


def test_the_variance_over_repeats_holds_the_spread_between_them():
    """Chernozhukov et al. (2018), definition 3.3, by hand: estimates 1, 2, 4 with variances 1, 1, 9."""
    influences = [np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]]), np.array([[3.0], [0.0]])]
    repeats = [
        Estimated(np.array([theta]), influence, np.eye(1), 0.5, 2.0)
        for theta, influence in zip([1.0, 2.0, 4.0], influences, strict=True)
    ]
    effects = aggregated(
        repeats, np.ones((1, 1)), clustered([0, 1]), level=0.95, rng=np.random.default_rng(1)
    )
    assert effects.estimate == pytest.approx([2.0])
    assert effects.std_error == pytest.approx([np.sqrt(2.0)])


def test_the_robustness_value_is_that_of_sensemakr():
    """Cinelli and Hazlett's own example: violence in Darfur, t = 4.18 with 783 degrees of freedom, 13.9 %."""
    assert robustness_values(np.array([4.184 / np.sqrt(783)])) == pytest.approx([0.139], abs=5e-4)


def test_a_band_for_points_that_move_together_is_no_wider_than_pointwise_and_bonferroni_bounds_it():
    rng = np.random.default_rng(3)
    one = Estimated(np.zeros(8), rng.standard_normal((300, 8)), np.eye(8), 0.5, 300.0)
    alike = aggregated(
        [one], np.ones((5, 8)), clustered(range(300)), level=0.95, rng=np.random.default_rng(1)
    )
    apart = aggregated([one], np.eye(8), clustered(range(300)), level=0.95, rng=np.random.default_rng(1))
    assert alike.simultaneous_critical_value == pytest.approx(alike.critical_value, abs=0.12)
    assert apart.simultaneous_critical_value == pytest.approx(
        2.73, abs=0.15
    )  # normal quantile of 1 - .05 / 16 is 2.73
    assert apart.p_together == pytest.approx(np.ones(8))


def test_a_p_value_of_all_points_is_below_a_level_where_the_band_of_that_level_excludes_zero():
    one = Estimated(np.array([2.5, 0.3, 2.9]), np.eye(3), np.eye(3), 0.5, 300.0)
    many = np.repeat(np.eye(3), 100, axis=0) / 10.0
    one = Estimated(one.theta, many, one.spread, 0.5, 300.0)
    found = aggregated([one], np.eye(3), clustered(range(300)), level=0.95, rng=np.random.default_rng(1))
    assert found.std_error == pytest.approx(np.ones(3))
    # Of three independent t statistics with 299 degrees of freedom, 1 - (1 - p)^3 and the quantile of it.
    assert found.p_together == pytest.approx(1.0 - (1.0 - found.p_value) ** 3, abs=0.02)
    assert found.simultaneous_critical_value == pytest.approx(2.40, abs=0.06)


def test_the_difference_of_two_coefficients_moves_without_an_entity_as_both_do():
    rng = np.random.default_rng(7)
    entity = np.repeat(np.arange(40), 5)
    shared, nothing = rng.standard_normal(200), np.zeros(200)
    pairs = [(shared + rng.standard_normal(200), rng.standard_normal(200) + shared) for _ in range(2)]
    folds = EntityFolds.drawn(entity, n_folds=5, rng=rng)
    ours = [partialled_out(y, d[:, None], nothing, nothing[:, None], folds) for d, y in pairs]
    parted = differences(ours[:1], ours[1:])
    both = aggregated(parted, np.ones((1, 1)), clustered(entity), level=0.95, rng=rng)
    one, other = (jackknife(y, *[d[:, None]] * 2, entity) for d, y in pairs)
    slopes = [d @ y / (d @ d) for d, y in pairs]
    assert both.estimate == pytest.approx(slopes[0] - slopes[1], rel=1e-10)
    assert both.std_error == pytest.approx(np.sqrt(np.square(one - other).sum()), rel=1e-10)
    assert np.isnan(both.robustness_value).all()
    alike = aggregated(differences(ours, ours), np.ones((1, 1)), clustered(entity), level=0.95, rng=rng)
    assert alike.p_value == pytest.approx(1.0)
