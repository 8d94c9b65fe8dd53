"""Draws of splines: a weight counts how often a row is there, and every draw chooses its penalty."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import EstimationError
from harness.plugin import CanFitDraws, draw_weights, out_of_bag, random_stream
from harness_rab.rab import Rab
from harness_sklearn import Splines
from harness_sklearn.spline_design import reml_penalties, weighted_moments
from panels import panel_from_arrays, simulated_panel


def split_panel(seed=0):
    """A panel, and the positions of its first entities and of its last ones."""
    panel = simulated_panel(random_stream(seed), n_entities=30)
    return panel, np.flatnonzero(panel.entity.codes < 22), np.flatnonzero(panel.entity.codes >= 22)


def ones_at(panel, rows):
    return np.isin(np.arange(panel.n_obs), rows).astype(np.float64)[None]


def draws(panel, weights, *, selection=None, **options):
    return Splines(**options).fit_draws(
        panel, weights=weights, selection=selection, rng=random_stream(0, "draws")
    )


@pytest.mark.parametrize("products", ["none", "moderators"])
def test_unit_weights_are_the_fit(products):
    panel, train, aside = split_panel()
    fit = Splines(products=products).fit(panel.take(train), rng=random_stream(0), selection=panel.take(aside))
    drawn = draws(panel, ones_at(panel, train), selection=ones_at(panel, aside), products=products)
    np.testing.assert_array_equal(drawn.penalties, fit.curves.penalties)
    np.testing.assert_allclose(drawn.predict(panel), fit.predict(panel)[None], rtol=0, atol=1e-9)


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


@pytest.mark.parametrize("products", ["none", "moderators"])
def test_unit_weights_by_reml_are_the_fit(products):
    panel, train, _ = split_panel()
    fit = Splines(products=products, smoothing="reml").fit(panel.take(train), rng=random_stream(0))
    drawn = draws(panel, ones_at(panel, train), products=products, smoothing="reml")
    np.testing.assert_allclose(drawn.predict(panel), fit.predict(panel)[None], rtol=0, atol=1e-9)


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


def test_a_draw_without_rows_is_refused():
    panel = simulated_panel(random_stream(11))
    weights = np.ones((2, panel.n_obs))
    weights[1] = 0.0
    with pytest.raises(EstimationError, match="no row of positive weight"):
        draws(panel, weights)


def test_rab_draws_bands_that_hold_the_truth():
    rng = np.random.default_rng(12)
    x = rng.uniform(-2, 2, size=(600, 1))
    panel = panel_from_arrays(
        entity=np.repeat(np.arange(100), 6),
        period=np.tile(np.arange(6), 100),
        outcome=np.sin(2 * x[:, 0]) + 0.3 * rng.normal(size=600),
        X=x,
    )
    assert CanFitDraws in Splines.provides
    fit = Rab(base=Splines(), draws=100).fit(panel, rng=random_stream(0))
    at = panel.take(np.arange(31)).with_column("x0", np.linspace(-1.8, 1.8, 31))
    truth = np.sin(2 * at.column("x0"))
    low, high = np.quantile(fit.draws.predict(at), [0.005, 0.995], axis=0)
    assert np.mean((low < truth) & (truth < high)) > 0.9
    assert np.mean(high - low) < 0.4
