"""Fixed-effects predictions against a regression on dummies, and what new levels get."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import EstimationError, Panel
from harness.plugin import Floats, draw_weights, random_stream
from harness_panel import Between, FirstDifference, FixedEffects, Mundlak, RandomEffects
from harness_panel.estimators.linear import EntityMean, LastValue, Mean
from panels import labelled, panel_from_arrays, simulated_panel

EFFECTS = [("entity",), ("time",), ("entity", "time"), ("time", "entity")]


@pytest.fixture(params=[1.0, 0.6], ids=["balanced", "unbalanced"])
def panel(request) -> Panel:
    return simulated_panel(random_stream(3, "panel"), n_entities=15, n_periods=7, share=request.param)


def dummies(panel: Panel, effects: tuple[str, ...]) -> Floats:
    """One column a level of each key, (n_obs, n_levels)."""
    keys = {"entity": panel.entity, "time": panel.time}
    return np.hstack([np.eye(len(keys[one].labels))[keys[one].codes] for one in effects])


def dummy_solution(panel: Panel, effects: tuple[str, ...]) -> Floats:
    """Coefficients of columns, then of dummies, by least norm."""
    design = np.hstack([panel.X, dummies(panel, effects)])
    return np.linalg.lstsq(design, panel.observed, rcond=1e-12)[0]


@pytest.mark.parametrize("effects", EFFECTS)
def test_predictions_are_those_of_the_regression_on_dummies(panel, effects):
    moved = panel.with_column(panel.exposure, panel.column(panel.exposure) + 1.5)
    expected = np.hstack([moved.X, dummies(panel, effects)]) @ dummy_solution(panel, effects)
    predicted = FixedEffects(effects).fit(panel, rng=random_stream(0)).predict(moved)
    np.testing.assert_allclose(predicted, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("effects", EFFECTS)
def test_a_new_entity_gets_the_mean_effect_over_the_training_rows(panel, effects):
    fitted = FixedEffects(effects).fit(panel, rng=random_stream(0))
    stranger = labelled(panel, entity="nowhere")
    solution = dummy_solution(panel, effects)[panel.X.shape[1] :]
    n_entities = len(panel.entity.labels)
    entity_part = {
        ("entity",): solution,
        ("time",): np.zeros(n_entities),
        ("entity", "time"): solution[:n_entities],
        ("time", "entity"): solution[-n_entities:],
    }[effects][panel.entity.codes]
    expected = fitted.predict(panel) - entity_part + entity_part.mean()
    np.testing.assert_allclose(fitted.predict(stranger), expected, rtol=1e-9)
    assert fitted.n_unseen(stranger) == (panel.n_obs if "entity" in effects else 0)
    assert fitted.n_unseen(panel) == 0


def test_a_row_new_in_both_keys_gets_the_mean_outcome_at_mean_columns_and_counts_once(panel):
    fitted = FixedEffects(("entity", "time")).fit(panel, rng=random_stream(0))
    stranger = labelled(panel, entity="nowhere", time="never")
    for at, name in enumerate(panel.columns):
        stranger = stranger.with_column(name, panel.X[:, at].mean())
    np.testing.assert_allclose(fitted.predict(stranger), panel.observed.mean(), rtol=1e-12)
    assert fitted.n_unseen(stranger) == panel.n_obs


TRAIN = panel_from_arrays(
    entity=["a", "a", "a", "b", "b"], period=[1, 2, 5, 1, 4], outcome=[1.0, 2.0, 9.0, 4.0, 6.0], X=np.zeros(5)
)
TEST = panel_from_arrays(
    entity=["b", "c", "a", "a", "b"], period=[5, 1, 1, 4, 4], outcome=np.zeros(5), X=np.zeros(5)
)


def fit(estimator, panel=TRAIN):
    return estimator.fit(panel, rng=random_stream(0, "n"))


def test_the_mean_is_the_mean():
    assert fit(Mean()).predict(TEST).tolist() == [4.4] * 5


def test_draws_of_the_mean_are_weighted_means():
    weights = np.array([[1.0, 1, 1, 1, 1], [2, 0, 0, 0, 1]])
    draws = Mean().fit_draws(TRAIN, weights=weights, selection=None, rng=random_stream(0, "n"))
    assert draws.predict(TEST)[:, 0] == pytest.approx([4.4, 8 / 3])


def test_entities_have_their_own_means_and_a_new_one_the_mean_of_all():
    fitted = fit(EntityMean())
    assert fitted.predict(TEST).tolist() == [5.0, 4.4, 4.0, 4.0, 5.0]
    assert fitted.n_unseen(TEST) == 1


def test_the_last_value_comes_from_before_the_row():
    fitted = fit(LastValue())
    # b in 5 has 4, c is unknown, a in 1 has none earlier, a in 4 has 2, b in 4 has 1 and not its own.
    assert fitted.predict(TEST).tolist() == [6.0, 4.4, 4.4, 2.0, 4.0]
    assert fitted.n_unseen(TEST) == 2


def test_in_sample_the_last_value_is_the_lag_by_rows_of_the_entity():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"entity": np.repeat(range(9), 5), "period": np.tile(range(5), 9)})
    frame["outcome"] = rng.normal(size=45)
    panel = panel_from_arrays(
        entity=frame["entity"], period=frame["period"], outcome=frame["outcome"], X=np.zeros(45)
    )
    lag = frame.groupby("entity")["outcome"].shift().fillna(frame["outcome"].mean())
    order = rng.permutation(45)
    fitted = fit(LastValue(), panel.take(order))
    assert fitted.predict(panel) == pytest.approx(lag.to_numpy(), rel=1e-14)


ESTIMATORS = {
    "random": RandomEffects(),
    "between": Between(),
    "difference": FirstDifference(),
    "difference with a trend": FirstDifference(constant=True),
    "mundlak": Mundlak(),
}
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)


@pytest.fixture
def transformed_panel() -> Panel:
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
@settings(max_examples=4, deadline=None)
def test_an_entity_drawn_twice_is_two_entities(estimator, seed, share):
    panel = simulated_panel(random_stream(seed), n_entities=20, share=share)
    weights = draw_weights(panel, 3, unit="entity", rng=random_stream(seed, "weights"))
    predicted = draws(estimator, panel, weights).predict(panel)
    for draw, own in enumerate(weights):
        expected = estimator.fit(resampled(panel, own), rng=random_stream(0)).predict(panel)
        drawn = own > 0.0
        np.testing.assert_allclose(predicted[draw, drawn], expected[drawn], rtol=0, atol=1e-8)


def test_the_level_of_an_entity_left_out_is_predicted_from_all_its_rows(transformed_panel):
    """By Goldberger's share of the mean error of its rows, under the variances and slopes of the draw."""
    weights = (transformed_panel.entity.codes != 4).astype(np.float64)[None]
    alone = RandomEffects().fit(transformed_panel.take(np.flatnonzero(weights[0])), rng=random_stream(0))
    out_of_bag = transformed_panel.take(np.flatnonzero(transformed_panel.entity.codes == 4))
    variance = out_of_bag.n_obs * alone.equation.components.entity
    share = variance / (variance + alone.equation.components.idiosyncratic)
    unknown = alone.predict(out_of_bag)
    expected = unknown + share * np.mean(out_of_bag.observed - unknown)
    np.testing.assert_allclose(
        draws(RandomEffects(), transformed_panel, weights).predict(out_of_bag)[0], expected, atol=1e-8
    )


def test_a_known_entity_has_the_predicted_effect_of_random_effects(transformed_panel):
    """The mean error of its rows, shrunken by T s2_entity / (s2 + T s2_entity)."""
    fitted = RandomEffects().fit(transformed_panel, rng=random_stream(0))
    table, components = fitted.coefficients(), fitted.equation.components
    errors = transformed_panel.observed - table.estimate[0] - transformed_panel.X @ table.estimate[1:]
    sizes = np.bincount(transformed_panel.entity.codes)
    means = np.bincount(transformed_panel.entity.codes, errors) / sizes
    shares = sizes * components.entity / (components.idiosyncratic + sizes * components.entity)
    expected = transformed_panel.observed - errors + (shares * means)[transformed_panel.entity.codes]
    np.testing.assert_allclose(fitted.predict(transformed_panel), expected, rtol=1e-10)


def test_the_constant_of_differences_is_a_trend(transformed_panel):
    fitted = FirstDifference(constant=True).fit(transformed_panel, rng=random_stream(0))
    later = replace(transformed_panel, period=transformed_panel.period + 3)
    trend = fitted.coefficients().estimate[0]
    np.testing.assert_allclose(
        fitted.predict(later) - fitted.predict(transformed_panel), 3.0 * trend, rtol=1e-9
    )


def test_a_new_entity_is_predicted_by_its_own_means(transformed_panel):
    last = transformed_panel.entity.codes == transformed_panel.entity.codes.max()
    train, test = (transformed_panel.take(np.flatnonzero(rows)) for rows in (~last, last))
    fitted = Mundlak().fit(train, rng=random_stream(0))
    table = fitted.coefficients().estimate
    expected = table[0] + test.X @ table[1:4] + test.X.mean(axis=0) @ table[4:]
    np.testing.assert_allclose(fitted.predict(test), expected, rtol=1e-9)
    assert fitted.n_unseen(test) == test.n_obs


def test_an_entity_of_the_rows_to_select_on_keeps_its_means(transformed_panel):
    last = transformed_panel.entity.codes == transformed_panel.entity.codes.max()
    train, test = (transformed_panel.take(np.flatnonzero(rows)) for rows in (~last, last))
    fitted = Mundlak().fit(train, rng=random_stream(0), selection=test)
    np.testing.assert_allclose(
        fitted.predict(test), Mundlak().fit(train, rng=random_stream(0)).predict(test), rtol=1e-10
    )
    moved = test.with_column("x0", test.column("x0") + 1.0)
    slope = FixedEffects().fit(train, rng=random_stream(0)).coefficients().estimate[0]
    np.testing.assert_allclose(fitted.predict(moved) - fitted.predict(test), slope, rtol=1e-9)


def test_a_draw_without_adjacent_rows_is_refused(transformed_panel):
    weights = (transformed_panel.period % 2 == 0).astype(np.float64)[None]
    with pytest.raises(EstimationError, match="no two adjacent rows"):
        draws(FirstDifference(), transformed_panel, weights)
