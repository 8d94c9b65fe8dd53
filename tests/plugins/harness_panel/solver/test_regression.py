"""Predictions of effects against regressions on dummies and other engines, and what new levels get."""

from dataclasses import replace

import numpy as np
import pytest

import harness_panel
from harness import EstimationError, Panel
from harness.plugin import Floats, random_stream
from harness_panel import (
    Between,
    Classical,
    Clustered,
    DriscollKraay,
    FirstDifference,
    FixedEffects,
    Mundlak,
    PooledOLS,
    RandomEffects,
    WildCluster,
)
from harness_panel.estimators.linear import EntityMean, LastValue, Mean
from harness_panel.solver.regression import Regression
from panels import key_from, labelled, panel_from_arrays, simulated_panel
from r_reference import r_panel

EFFECTS = [("entity",), ("time",), ("entity", "time"), ("time", "entity")]


@pytest.fixture(params=[1.0, 0.6], ids=["balanced", "unbalanced"])
def panel(request) -> Panel:
    return simulated_panel(random_stream(3, "panel"), n_entities=15, n_periods=7, share=request.param)


def dummy_solution(panel: Panel, effects: tuple[str, ...]) -> Floats:
    """Coefficients of columns, then of a dummy a level of each key, by least norm."""
    keys = {"entity": panel.entity, "time": panel.time}
    dummies = [np.eye(len(keys[one].labels))[keys[one].codes] for one in effects]
    return np.linalg.lstsq(np.hstack([panel.X, *dummies]), panel.observed, rcond=1e-12)[0]


@pytest.mark.parametrize("effects", EFFECTS)
def test_a_new_entity_gets_the_mean_effect_over_the_training_rows(panel, effects):
    fitted = FixedEffects(effects).fit(panel)
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
    fitted = FixedEffects(("entity", "time")).fit(panel)
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


@pytest.fixture
def transformed_panel() -> Panel:
    return simulated_panel(random_stream(71), n_entities=15, n_periods=6, share=0.7)


def draws(estimator, panel, weights, selection=None):
    return estimator.fit_draws(panel, weights=weights, selection=selection, rng=random_stream(0))


def test_a_known_entity_has_the_predicted_effect_of_random_effects(transformed_panel):
    """The mean error of its rows, shrunken by T s2_entity / (s2 + T s2_entity)."""
    fitted = RandomEffects().fit(transformed_panel)
    table, components = fitted.coefficients(), fitted.equation.components
    errors = transformed_panel.observed - table.estimate[0] - transformed_panel.X @ table.estimate[1:]
    sizes = np.bincount(transformed_panel.entity.codes)
    means = np.bincount(transformed_panel.entity.codes, errors) / sizes
    shares = sizes * components.entity / (components.idiosyncratic + sizes * components.entity)
    expected = transformed_panel.observed - errors + (shares * means)[transformed_panel.entity.codes]
    np.testing.assert_allclose(fitted.predict(transformed_panel), expected, rtol=1e-10)


def test_the_constant_of_differences_is_a_trend(transformed_panel):
    fitted = FirstDifference(constant=True).fit(transformed_panel)
    later = replace(transformed_panel, period=transformed_panel.period + 3)
    trend = fitted.coefficients().estimate[0]
    np.testing.assert_allclose(
        fitted.predict(later) - fitted.predict(transformed_panel), 3.0 * trend, rtol=1e-9
    )


def test_a_new_entity_is_predicted_by_its_own_means(transformed_panel):
    last = transformed_panel.entity.codes == transformed_panel.entity.codes.max()
    train, test = (transformed_panel.take(np.flatnonzero(rows)) for rows in (~last, last))
    fitted = Mundlak().fit(train)
    table = fitted.coefficients().estimate
    expected = table[0] + test.X @ table[1:4] + test.X.mean(axis=0) @ table[4:]
    np.testing.assert_allclose(fitted.predict(test), expected, rtol=1e-9)
    assert fitted.n_unseen(test) == test.n_obs


def test_an_entity_of_the_rows_to_select_on_keeps_its_means(transformed_panel):
    last = transformed_panel.entity.codes == transformed_panel.entity.codes.max()
    train, test = (transformed_panel.take(np.flatnonzero(rows)) for rows in (~last, last))
    fitted = Mundlak().fit(train, selection=test)
    np.testing.assert_allclose(fitted.predict(test), Mundlak().fit(train).predict(test), rtol=1e-10)
    moved = test.with_column("x0", test.column("x0") + 1.0)
    slope = FixedEffects().fit(train).coefficients().estimate[0]
    np.testing.assert_allclose(fitted.predict(moved) - fitted.predict(test), slope, rtol=1e-9)


def test_a_draw_without_adjacent_rows_is_refused(transformed_panel):
    weights = (transformed_panel.period % 2 == 0).astype(np.float64)[None]
    with pytest.raises(EstimationError, match="no two adjacent rows"):
        draws(FirstDifference(), transformed_panel, weights)


OPTIONS = {
    "industry": FixedEffects((), absorb=("industry",)),
    "entity, industry": FixedEffects(("entity",), absorb=("industry",)),
    "entity, time, industry": FixedEffects(("entity", "time"), absorb=("industry",)),
    "all and region": FixedEffects(("entity", "time"), absorb=("industry", "region")),
}


def grouped(grouped_rows: Panel) -> Panel:
    """Industries that entities move between, with levels, and regions that are unions of entities."""
    rng = random_stream(61)
    industry = rng.integers(0, 5, size=grouped_rows.n_obs)
    region = grouped_rows.entity.codes % 4
    observed = grouped_rows.observed + 2.0 * np.array([0.0, 1.0, -1.0, 3.0, 5.0])[industry]
    groups = (key_from("region", region), key_from("industry", np.array(list("abcde"))[industry]))
    return replace(grouped_rows, observed=observed, groups=groups)


@pytest.fixture
def grouped_rows() -> Panel:
    return grouped(simulated_panel(random_stream(62), n_entities=20, n_periods=8, share=0.5))


@pytest.mark.parametrize("covariance", [Clustered(), DriscollKraay(1), WildCluster(draws=199)])
def test_absorbed_industries_are_dummies_among_the_controls(grouped_rows, covariance):
    """The two differ in n - K alone, which no bootstrap and no kernel has."""
    industry = grouped_rows.group("industry").codes
    columns = [(industry == level).astype(np.float64) for level in range(1, 5)]
    wide = replace(
        grouped_rows,
        controls=(*grouped_rows.controls, *"bcde"),
        X=np.column_stack([grouped_rows.X, *columns]),
        groups=(),
    )
    own = FixedEffects(("entity",), covariance, ("industry",)).fit(grouped_rows).coefficients()
    other = FixedEffects(("entity",), covariance).fit(wide).coefficients()
    np.testing.assert_allclose(own.estimate, other.estimate[:3], rtol=1e-10)
    ratio = own.std_error / np.sqrt(own.correction.factor)
    np.testing.assert_allclose(ratio, other.std_error[:3] / np.sqrt(other.correction.factor), rtol=1e-10)
    if isinstance(covariance, WildCluster):
        np.testing.assert_allclose(own.p_value, other.p_value[:3], atol=1e-12)


def test_levels_of_a_union_of_entities_are_held_by_the_entities(grouped_rows):
    """So regions add nothing: not to degrees of freedom, not to what a new entity is predicted."""
    with_regions = FixedEffects(("entity",), absorb=("region",)).fit(grouped_rows)
    without = FixedEffects(("entity",)).fit(grouped_rows)
    assert with_regions.regression.n_effects == without.regression.n_effects == 20
    strangers = labelled(grouped_rows, entity="nowhere")
    np.testing.assert_allclose(with_regions.predict(strangers), without.predict(strangers), rtol=1e-10)


def test_a_column_that_industries_determine_is_dropped_with_their_name(grouped_rows):
    fixed = grouped_rows.with_column("x2", 1.5 * grouped_rows.group("industry").codes)
    fitted = OPTIONS["entity, industry"].fit(fixed)
    (note,) = fitted.notes
    assert (note.code, note.where) == ("W-ABSORBED", "x2")
    assert "entity and industry effects" in note.message
    summed = grouped_rows.with_column("x2", grouped_rows.column("x1") + grouped_rows.group("industry").codes)
    (note,) = OPTIONS["all and region"].fit(summed).notes
    assert note.message.endswith("x2 = x1 + entity, time, industry and region effects.")


def test_rows_alone_in_a_level_are_counted_and_change_no_slope(grouped_rows):
    """One industry of a single row; once it is left out, nothing else is alone."""
    industry = grouped_rows.group("industry").codes.copy()
    industry[7] = 5
    alone = replace(grouped_rows, groups=(key_from("industry", industry),))
    fitted = OPTIONS["entity, industry"].fit(alone)
    statistics = {statistic.name: statistic.value for statistic in fitted.statistics()}
    assert statistics["n_singleton_rows"] == 1
    without = OPTIONS["entity, industry"].fit(alone.take(np.delete(np.arange(grouped_rows.n_obs), 7)))
    np.testing.assert_allclose(fitted.coefficients().estimate, without.coefficients().estimate, rtol=1e-10)
    assert fitted.coefficients().correction.n_obs == grouped_rows.n_obs
    classical = (
        replace(OPTIONS["entity, industry"], covariance=Classical()).fit(one) for one in (alone, without.rows)
    )
    own, other = (one.coefficients() for one in classical)
    assert own.correction.df_resid == other.correction.df_resid
    np.testing.assert_allclose(own.std_error, other.std_error, rtol=1e-10)


def test_levels_too_many_to_be_solved_for_are_refused_with_another_estimator(monkeypatch, grouped_rows):
    monkeypatch.setattr("harness_panel.solver.within.MOST_SMALL_LEVELS", 10)
    with pytest.raises(EstimationError, match="20, 8 and 5 fixed effects are too many") as caught:
        OPTIONS["entity, time, industry"].fit(grouped_rows)
    assert "feols" in caught.value.hint
    OPTIONS["entity, industry"].fit(grouped_rows)


ESTIMATORS = {
    "linearmodels PooledOLS": PooledOLS(),
    "linearmodels PanelOLS": FixedEffects(("entity", "time")),
    "linearmodels RandomEffects": RandomEffects(),
    "linearmodels BetweenOLS": Between(),
    "linearmodels FirstDifferenceOLS": FirstDifference(),
}


def statistic(fitted) -> tuple[float, str]:
    (own,) = [entry for entry in fitted.statistics() if entry.name == "solver_disagreement"]
    return own.value, own.definition


@pytest.mark.parametrize("panel", ["grunfeld", "edge"])
@pytest.mark.parametrize("library", ESTIMATORS)
def test_the_library_is_named_and_agrees_on_the_reference_panels(library, panel):
    fitted = ESTIMATORS[library].fit(r_panel(panel))
    value, definition = statistic(fitted)
    assert library in definition
    assert value < 1e-10
    assert "W-DISAGREE" not in {note.code for note in fitted.notes}


@pytest.mark.parametrize("library", [*ESTIMATORS][:2])
@pytest.mark.parametrize(("off", "is_told"), [(1e-7, True), (1e-9, False)])
def test_a_solver_that_is_off_is_a_warning_with_both_numbers(monkeypatch, library, off, is_told):
    panel = simulated_panel(random_stream(313), n_entities=20, n_periods=6)
    right = Regression.estimate.fget(ESTIMATORS[library].fit(panel).regression)

    def wrong(regression: Regression) -> Floats:
        return right * np.where(np.arange(right.size) == right.size - 1, 1.0 + off, 1.0)

    monkeypatch.setattr(Regression, "estimate", property(wrong))
    fitted = ESTIMATORS[library].fit(panel)
    assert statistic(fitted)[0] == pytest.approx(off, rel=0.01)
    notes = [note for note in fitted.notes if note.code == "W-DISAGREE"]
    assert len(notes) == is_told
    if is_told:
        table = fitted.coefficients()
        assert notes[0].where == table.terms[-1]
        assert f"{table.estimate[-1]:.12g} by {library}" in notes[0].message
        assert f"{right[-1] * (1.0 + off):.12g} by the resampling solver" in notes[0].message


@pytest.mark.parametrize(
    "estimator",
    [*ESTIMATORS.values(), Mundlak(), harness_panel.PolynomialEffects()],
    ids=lambda value: value.name,
)
def test_a_fit_for_folds_asks_no_library_and_predicts_the_same(monkeypatch, estimator):
    panel = simulated_panel(random_stream(314), n_entities=20, n_periods=6)
    expected = estimator.fit(panel)

    def refuse(*_: object, **__: object) -> None:
        message = "a library was asked"
        raise AssertionError(message)

    monkeypatch.setattr("harness_panel.estimators.linear.report_of", refuse)
    own = estimator.for_folds().fit(panel)
    np.testing.assert_array_equal(own.predict(panel), expected.predict(panel))
    assert [note.code for note in own.notes] == [note.code for note in expected.notes]
    with pytest.raises(EstimationError, match="for prediction only"):
        own.coefficients()
