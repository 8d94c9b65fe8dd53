"""The best of simple estimators: chosen without test rows, by folds of the kind that tests."""

from dataclasses import replace

import numpy as np
import pytest

from harness.data.simulate.small_panels import InteractionPanel, SCurve
from harness.errors import EstimationError
from harness.estimators.best_simple import BestSimple, SimpleCandidate, inner_folds
from harness.estimators.protocol import ESTIMATOR
from harness.estimators.target import on_target, with_new_entities
from harness.installed import installed
from harness.registry.catalog import build_choice
from harness_neural.mlp import Mlp
from harness_panel import EntityMean, FixedEffects, PooledOLS
from tests.panels import balanced_panel

SHAPE = (40, 6)
BETA = [0.5, 0.3, 0.0]

# Candidates whose mean is multiplicative.
MULTIPLICATIVE = (" in logs", "Poisson")


@pytest.fixture(scope="module")
def best():
    """Return the estimator with the candidates that are installed."""
    return build_choice(installed().catalogs, ESTIMATOR.name, "best_simple", {}).for_folds()


def drawn_panel(scale, seed, *, shape=SHAPE, split_unit="entity", spread=2.0):
    """Return a panel of logs, levels or counts, with positive controls, and levels of entities.

    Logs have a standard deviation of .6 times the spread.
    """
    rng = np.random.default_rng(seed)
    n_obs = shape[0] * shape[1]
    X = np.column_stack([rng.normal(size=n_obs), rng.gamma(4.0, 0.25, size=(n_obs, 2))])
    index = X @ BETA + np.repeat(rng.normal(scale=0.2, size=shape[0]), shape[1])
    if scale == "level":
        outcome = 5.0 + 3.0 * index + rng.normal(size=n_obs)
    elif scale == "log":
        outcome = np.exp(spread * (index + 0.2 * rng.normal(size=n_obs)))
    else:
        outcome = rng.poisson(np.exp(2.0 * index - 1.0)).astype(float)
    return balanced_panel(shape, outcome=outcome, X=X, split_unit=split_unit)


def is_of_scale(label, scale):
    return (scale == "level") != any(words in label for words in MULTIPLICATIVE)


def compared(best, scale, seeds, *, shape=SHAPE, spread=2.0):
    """Return labels chosen, and errors for new entities of each candidate, the chosen one first."""
    labels, errors = [], []
    for seed in seeds:
        panel, new = (drawn_panel(scale, by + seed, shape=shape, spread=spread) for by in (0, 10_000))
        fit = best.fit(panel, rng=np.random.default_rng(0))
        tested = with_new_entities(new)
        fits = [fit]
        for candidate, mse in zip(best.among, fit.selection.mse, strict=True):
            done = not np.isnan(mse)
            fits.append(candidate.fitting.fit(panel, rng=np.random.default_rng(0)) if done else None)
        predicted = (np.inf if one is None else one.predict(tested) for one in fits)
        errors.append([np.mean((tested.observed - one) ** 2) for one in predicted])
        labels.append(fit.choice)
    return labels, np.array(errors)


@pytest.mark.parametrize("scale", ["level", "log", "count"])
def test_the_scale_of_a_panel_is_chosen(best, scale):
    labels, _ = compared(best, scale, range(4))
    assert sum(is_of_scale(label, scale) for label in labels) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["level", "log", "count"])
def test_the_scale_is_chosen_in_nine_of_ten_panels_and_the_loss_is_near_the_least(best, scale):
    labels, errors = compared(best, scale, range(100))
    assert sum(is_of_scale(label, scale) for label in labels) >= 90
    means = errors.mean(axis=0)
    # Errors of multiplicative outcomes have heavy tails: a few panels are most of their mean.
    assert means[0] <= {"level": 1.02, "count": 1.04, "log": 1.25}[scale] * means[1:].min()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_entities", "spread", "most"), [(40, 1.0, 1.10), (150, 1.0, 1.02), (270, 1.0, 1.02), (270, 2.0, 1.06)]
)
def test_in_logs_the_loss_is_near_the_least_where_entities_are_many_or_tails_light(
    best, n_entities, spread, most
):
    labels, errors = compared(best, "log", range(100), shape=(n_entities, 6), spread=spread)
    assert sum(is_of_scale(label, "log") for label in labels) >= 90
    means = errors.mean(axis=0)
    assert means[0] <= most * means[1:].min()


# Enough for these shapes, and quick; two starts, since one may end in a poor minimum.
NETWORK = Mlp(hidden=6, sizes_around=0, restarts=2, optimiser="levenberg_marquardt")


def gain(network, simple, panel, new):
    """Return by which share of the error of a simple estimator that of a network for new entities is less."""
    tested = with_new_entities(new)
    fits = (one.fit(panel, rng=np.random.default_rng(0)) for one in (network, simple))
    errors = [np.mean((tested.observed - fit.predict(tested)) ** 2) for fit in fits]
    return 1.0 - errors[0] / errors[1]


def gains_in_logs(simple, seeds):
    shape, later = (120, 6), 10_000
    pairs = ((drawn_panel("log", seed + by, shape=shape) for by in (0, later)) for seed in seeds)
    return np.array([gain(NETWORK, simple, *pair) for pair in pairs])


def gains_of_shape(simple, simulation, seeds):
    """Return gains for 100 cities of a simulated panel, of fits to the other 150."""
    gains = []
    for seed in seeds:
        frame = simulation(n_entities=250, n_periods=6, seed=seed).draw()
        keys = ("city", "year", "outcome")
        X = frame.drop(columns=list(keys)).to_numpy()
        panel = balanced_panel((250, 6), outcome=frame["outcome"].to_numpy(), X=X)
        rows = np.split(np.arange(panel.n_obs), [150 * 6])
        gains.append(gain(NETWORK, simple, *map(panel.take, rows)))
    return np.array(gains)


def without_splines(best):
    return replace(best, among=tuple(one for one in best.among if one.label != "Splines"))


def test_a_network_gains_nothing_on_a_panel_that_is_linear_in_logs(best):
    assert gains_in_logs(best, [1])[0] < 0.0


@pytest.mark.slow
def test_a_network_gains_nothing_on_panels_that_are_linear_in_logs(best):
    gains = gains_in_logs(best, range(50))
    # Tails are heavy, so that chance alone makes a gain in some panels.
    assert np.median(gains) < 0.0
    assert (gains > 0.0).mean() <= 0.25


@pytest.mark.slow
def test_a_network_beats_every_line_on_an_s_curve_and_not_the_splines_that_have_its_form(best):
    lines = gains_of_shape(without_splines(best), SCurve, range(50))
    assert (lines > 0.0).mean() >= 0.8
    assert (gains_of_shape(best, SCurve, range(50)) > 0.0).mean() <= 0.2


@pytest.mark.slow
def test_a_network_beats_the_best_simple_method_on_an_interaction(best):
    assert (gains_of_shape(best, InteractionPanel, range(50)) > 0.0).mean() >= 0.8


@pytest.mark.parametrize("split_unit", ["entity", "row", "time", "entity_and_time"])
def test_candidates_are_compared_on_what_the_protocol_holds_out(split_unit):
    panel = drawn_panel("level", 1, split_unit=split_unit)
    folds = list(inner_folds(panel, 3))
    held_out = np.concatenate([rows for _, rows in folds])
    assert np.unique(held_out).size == held_out.size
    for train, rows in folds:
        assert not set(train) & set(rows)
        if split_unit in ("entity", "entity_and_time"):
            assert not set(panel.entity.codes[train]) & set(panel.entity.codes[rows])
        if split_unit in ("time", "entity_and_time"):
            assert panel.period[train].max() < panel.period[rows].min()
    if split_unit == "time":
        assert [set(panel.period[rows]) for _, rows in folds] == [{5}, {4}]
    elif split_unit == "entity_and_time":
        assert np.array_equal(np.sort(held_out), np.flatnonzero(panel.period == panel.period.max()))
    else:
        assert held_out.size == panel.n_obs


def test_effects_of_periods_are_chosen_for_new_entities_but_not_in_later_periods():
    """A trend is a regressor, and each period has a shock that entities share."""
    rng, shape = np.random.default_rng(7), (40, 10)
    trend = np.tile(np.arange(10.0), 40)
    shock = np.tile(rng.normal(size=10), 40)
    outcome = trend + shock + 0.1 * rng.normal(size=400)
    X = np.column_stack([rng.normal(size=400), trend])
    two = BestSimple(
        (SimpleCandidate("ols", PooledOLS()), SimpleCandidate("periods", FixedEffects(effects=("time",))))
    )
    chosen = {
        unit: two.select(balanced_panel(shape, outcome=outcome, X=X, split_unit=unit)).best.label
        for unit in ("entity", "entity_and_time")
    }
    assert chosen == {"entity": "periods", "entity_and_time": "ols"}


def test_the_inner_error_is_that_of_the_folds_and_no_other_row_takes_part(best):
    panel = drawn_panel("level", 1)
    alone = BestSimple((SimpleCandidate("ols", PooledOLS()), SimpleCandidate("mean", EntityMean())))
    squared = np.empty(panel.n_obs)
    for train, rows in inner_folds(panel, 3):
        design = np.column_stack([np.ones(panel.n_obs), panel.X])
        slopes = np.linalg.lstsq(design[train], panel.observed[train], rcond=None)[0]
        squared[rows] = (panel.observed[rows] - design[rows] @ slopes) ** 2
    fit = alone.fit(panel, rng=np.random.default_rng(0), selection=drawn_panel("log", 9))
    assert fit.selection.mse[0] == pytest.approx(squared.mean())
    assert fit.choice == "ols"
    expected = PooledOLS().fit(panel).predict(panel)
    np.testing.assert_allclose(fit.predict(panel), expected)


def test_candidates_that_refuse_the_rows_are_left_out_with_their_reason(best):
    panel = drawn_panel("count", 1)
    selection = best.select(panel)
    columns = selection.columns()
    row = columns["candidate"].index("Pooled OLS in logs")
    assert np.isnan(columns["mse"][row])
    assert "have no log" in columns["reason"][row]
    refusing = BestSimple((SimpleCandidate("log", PooledOLS(), "log"),))
    with pytest.raises(EstimationError, match="have no log"):
        refusing.fit(panel, rng=np.random.default_rng(0))
    with pytest.raises(EstimationError, match="no candidate"):
        BestSimple().fit(panel, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    "candidate",
    [
        SimpleCandidate("log", PooledOLS(), "log", "log"),
        SimpleCandidate("mean", EntityMean()),
        SimpleCandidate("net", Mlp()),
    ],
    ids=lambda one: one.label,
)
def test_draws_are_those_of_the_chosen_candidate(candidate):
    panel = drawn_panel("log", 1)
    weights = np.ones((2, panel.n_obs))
    weights[1] = np.repeat(np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40)), 6)
    estimator = BestSimple((candidate,))
    prepared = estimator.prepare_draws(panel, selection=None, rng=np.random.default_rng(0))
    rngs = np.random.default_rng(0).spawn(2)
    draws = prepared.fit(weights, selection=np.equal(weights, 0.0).astype(float), rngs=rngs)
    predicted = draws.predict(panel)
    assert predicted.shape == (2, panel.n_obs)
    if candidate.label != "net":
        np.testing.assert_allclose(predicted[0], estimator.fit(panel, rng=rngs[0]).predict(panel))
    again = estimator.fit_draws(panel, weights=weights, selection=None, rng=np.random.default_rng(0))
    assert again.predict(panel).shape == predicted.shape


def test_logged_regressors_are_those_above_zero_and_counterfactuals_move_them():
    panel = drawn_panel("log", 1)
    fit = on_target(PooledOLS(), "log", "log").fit(panel, rng=np.random.default_rng(0))
    design = np.column_stack([np.ones(panel.n_obs), panel.X[:, 0], np.log(panel.X[:, 1:])])
    b = np.linalg.lstsq(design, np.log(panel.observed), rcond=None)[0]
    smear = np.exp(np.log(panel.observed) - design @ b).mean()
    np.testing.assert_allclose(fit.predict(panel), np.exp(design @ b) * smear, rtol=1e-9)
    shifted = panel.with_column("x1", 2.0)
    design[:, 2] = np.log(2.0)
    np.testing.assert_allclose(fit.predict(shifted), np.exp(design @ b) * smear, rtol=1e-9)
    # What is zero elsewhere counts as the least value that was trained on.
    below, least = panel.with_column("x1", 0.0), panel.with_column("x1", panel.X[:, 1].min())
    np.testing.assert_array_equal(fit.predict(below), fit.predict(least))


def test_logged_regressors_alone_leave_the_outcome_in_its_level():
    panel = drawn_panel("level", 1)
    logged = replace(panel, X=np.column_stack([panel.X[:, :1], np.log(panel.X[:, 1:])]))
    for estimator in (PooledOLS(), FixedEffects(effects=("entity",))):
        wrapped = on_target(estimator, "level", "log").fit(panel, rng=np.random.default_rng(0))
        np.testing.assert_allclose(wrapped.predict(panel), estimator.fit(logged).predict(logged))
        assert "smearing" not in wrapped.details()
