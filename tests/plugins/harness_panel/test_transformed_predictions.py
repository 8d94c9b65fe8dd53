"""What random effects, between, first differences and Mundlak predict, one fit and many draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import EstimationError, Panel
from harness.plugin import draw_weights, random_stream
from harness_panel import Between, FirstDifference, FixedEffects, Mundlak, RandomEffects
from panels import simulated_panel

ESTIMATORS = {
    "random": RandomEffects(),
    "between": Between(),
    "difference": FirstDifference(),
    "difference with a trend": FirstDifference(constant=True),
    "mundlak": Mundlak(),
}
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)


@pytest.fixture
def panel() -> Panel:
    return simulated_panel(random_stream(71), n_entities=15, n_periods=6, share=0.7)


def draws(estimator, panel, weights, selection=None):
    return estimator.fit_draws(panel, weights=weights, selection=selection, rng=random_stream(0))


def resampled(panel: Panel, weights) -> Panel:
    """The panel of one entity draw, every copy of an entity under a name of its own."""
    firsts = np.unique(panel.entity.codes, return_index=True)[1]
    copies = weights[firsts].astype(np.int64)
    return panel.resample(np.repeat(np.arange(copies.size), copies))


@each_estimator
@given(seed=st.integers(0, 2**16), share=st.sampled_from([1.0, 0.7]))
@settings(max_examples=10, deadline=None)
def test_an_entity_drawn_twice_is_two_entities(estimator, seed, share):
    panel = simulated_panel(random_stream(seed), n_entities=20, share=share)
    weights = draw_weights(panel, 3, unit="entity", rng=random_stream(seed, "weights"))
    predicted = draws(estimator, panel, weights).predict(panel)
    for draw, own in enumerate(weights):
        expected = estimator.fit(resampled(panel, own), rng=random_stream(0)).predict(panel)
        drawn = own > 0.0
        np.testing.assert_allclose(predicted[draw, drawn], expected[drawn], rtol=0, atol=1e-8)


def test_the_level_of_an_entity_left_out_is_predicted_from_all_its_rows(panel):
    """By Goldberger's share of the mean error of its rows, under the variances and slopes of the draw."""
    weights = (panel.entity.codes != 4).astype(np.float64)[None]
    alone = RandomEffects().fit(panel.take(np.flatnonzero(weights[0])), rng=random_stream(0))
    out_of_bag = panel.take(np.flatnonzero(panel.entity.codes == 4))
    variance = out_of_bag.n_obs * alone.equation.components.entity
    share = variance / (variance + alone.equation.components.idiosyncratic)
    unknown = alone.predict(out_of_bag)
    expected = unknown + share * np.mean(out_of_bag.observed - unknown)
    np.testing.assert_allclose(
        draws(RandomEffects(), panel, weights).predict(out_of_bag)[0], expected, atol=1e-8
    )


def test_a_known_entity_has_the_predicted_effect_of_random_effects(panel):
    """The mean error of its rows, shrunken by T s2_entity / (s2 + T s2_entity)."""
    fitted = RandomEffects().fit(panel, rng=random_stream(0))
    table, components = fitted.coefficients(), fitted.equation.components
    errors = panel.observed - table.estimate[0] - panel.X @ table.estimate[1:]
    sizes = np.bincount(panel.entity.codes)
    means = np.bincount(panel.entity.codes, errors) / sizes
    shares = sizes * components.entity / (components.idiosyncratic + sizes * components.entity)
    expected = panel.observed - errors + (shares * means)[panel.entity.codes]
    np.testing.assert_allclose(fitted.predict(panel), expected, rtol=1e-10)


def test_the_constant_of_differences_is_a_trend(panel):
    fitted = FirstDifference(constant=True).fit(panel, rng=random_stream(0))
    later = replace(panel, period=panel.period + 3)
    trend = fitted.coefficients().estimate[0]
    np.testing.assert_allclose(fitted.predict(later) - fitted.predict(panel), 3.0 * trend, rtol=1e-9)


def test_a_new_entity_is_predicted_by_its_own_means(panel):
    last = panel.entity.codes == panel.entity.codes.max()
    train, test = (panel.take(np.flatnonzero(rows)) for rows in (~last, last))
    fitted = Mundlak().fit(train, rng=random_stream(0))
    table = fitted.coefficients().estimate
    expected = table[0] + test.X @ table[1:4] + test.X.mean(axis=0) @ table[4:]
    np.testing.assert_allclose(fitted.predict(test), expected, rtol=1e-9)
    assert fitted.n_unseen(test) == test.n_obs


def test_an_entity_of_the_rows_to_select_on_keeps_its_means(panel):
    last = panel.entity.codes == panel.entity.codes.max()
    train, test = (panel.take(np.flatnonzero(rows)) for rows in (~last, last))
    fitted = Mundlak().fit(train, rng=random_stream(0), selection=test)
    np.testing.assert_allclose(
        fitted.predict(test), Mundlak().fit(train, rng=random_stream(0)).predict(test), rtol=1e-10
    )
    moved = test.with_column("x0", test.column("x0") + 1.0)
    slope = FixedEffects().fit(train, rng=random_stream(0)).coefficients().estimate[0]
    np.testing.assert_allclose(fitted.predict(moved) - fitted.predict(test), slope, rtol=1e-9)


def test_a_draw_without_adjacent_rows_is_refused(panel):
    weights = (panel.period % 2 == 0).astype(np.float64)[None]
    with pytest.raises(EstimationError, match="no two adjacent rows"):
        draws(FirstDifference(), panel, weights)
