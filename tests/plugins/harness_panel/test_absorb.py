"""Effects of further columns, against regressions on dummies, linearmodels and pyfixest."""

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
from harness_panel.solver.regression import Regression
from panels import key_from, labelled, simulated_panel
from r_reference import r_panel

OPTIONS = {
    "industry": FixedEffects((), absorb=("industry",)),
    "entity, industry": FixedEffects(("entity",), absorb=("industry",)),
    "entity, time, industry": FixedEffects(("entity", "time"), absorb=("industry",)),
    "all and region": FixedEffects(("entity", "time"), absorb=("industry", "region")),
}


def grouped(panel: Panel) -> Panel:
    """Industries that entities move between, with levels, and regions that are unions of entities."""
    rng = random_stream(61)
    industry = rng.integers(0, 5, size=panel.n_obs)
    region = panel.entity.codes % 4
    observed = panel.observed + 2.0 * np.array([0.0, 1.0, -1.0, 3.0, 5.0])[industry]
    groups = (key_from("region", region), key_from("industry", np.array(list("abcde"))[industry]))
    return replace(panel, observed=observed, groups=groups)


@pytest.fixture
def panel() -> Panel:
    return grouped(simulated_panel(random_stream(62), n_entities=20, n_periods=8, share=0.5))


@pytest.mark.parametrize("covariance", [Clustered(), DriscollKraay(1), WildCluster(draws=199)])
def test_absorbed_industries_are_dummies_among_the_controls(panel, covariance):
    """The two differ in n - K alone, which no bootstrap and no kernel has."""
    industry = panel.group("industry").codes
    columns = [(industry == level).astype(np.float64) for level in range(1, 5)]
    wide = replace(
        panel, controls=(*panel.controls, *"bcde"), X=np.column_stack([panel.X, *columns]), groups=()
    )
    own = FixedEffects(("entity",), covariance, ("industry",)).fit(panel, rng=random_stream(0)).coefficients()
    other = FixedEffects(("entity",), covariance).fit(wide, rng=random_stream(0)).coefficients()
    np.testing.assert_allclose(own.estimate, other.estimate[:3], rtol=1e-10)
    ratio = own.std_error / np.sqrt(own.correction.factor)
    np.testing.assert_allclose(ratio, other.std_error[:3] / np.sqrt(other.correction.factor), rtol=1e-10)
    if isinstance(covariance, WildCluster):
        np.testing.assert_allclose(own.p_value, other.p_value[:3], atol=1e-12)


def test_a_new_industry_gets_the_mean_effect_and_is_counted(panel):
    fitted = OPTIONS["entity, time, industry"].fit(panel, rng=random_stream(0))
    groups = tuple(
        key_from("industry", np.full(panel.n_obs, "new")) if key.name == "industry" else key
        for key in panel.groups
    )
    new = replace(panel, groups=groups)
    (own,) = [one for one in fitted.model.effects if str(one.effect) == "industry"]
    np.testing.assert_allclose(fitted.predict(panel) - fitted.predict(new), own.of_rows(panel)[0], atol=1e-12)
    np.testing.assert_allclose(own.of_rows(panel)[0].mean(), 0.0, atol=1e-12)
    assert fitted.n_unseen(new) == panel.n_obs
    assert fitted.n_unseen(labelled(new, entity="nowhere")) == panel.n_obs


def test_levels_of_a_union_of_entities_are_held_by_the_entities(panel):
    """So regions add nothing: not to degrees of freedom, not to what a new entity is predicted."""
    with_regions = FixedEffects(("entity",), absorb=("region",)).fit(panel, rng=random_stream(0))
    without = FixedEffects(("entity",)).fit(panel, rng=random_stream(0))
    assert with_regions.regression.n_effects == without.regression.n_effects == 20
    strangers = labelled(panel, entity="nowhere")
    np.testing.assert_allclose(with_regions.predict(strangers), without.predict(strangers), rtol=1e-10)


def test_a_column_that_industries_determine_is_dropped_with_their_name(panel):
    fixed = panel.with_column("x2", 1.5 * panel.group("industry").codes)
    fitted = OPTIONS["entity, industry"].fit(fixed, rng=random_stream(0))
    (note,) = fitted.notes
    assert (note.code, note.where) == ("W-ABSORBED", "x2")
    assert "entity and industry effects" in note.message
    summed = panel.with_column("x2", panel.column("x1") + panel.group("industry").codes)
    (note,) = OPTIONS["all and region"].fit(summed, rng=random_stream(0)).notes
    assert note.message.endswith("x2 = x1 + entity, time, industry and region effects.")


def test_an_exposure_that_industries_determine_is_refused(panel):
    fixed = panel.with_column("x0", 1.0 + panel.group("industry").codes)
    with pytest.raises(EstimationError, match="'x0': industry effects absorb it"):
        OPTIONS["industry"].fit(fixed, rng=random_stream(0))


def test_rows_alone_in_a_level_are_counted_and_change_no_slope(panel):
    """One industry of a single row; once it is left out, nothing else is alone."""
    industry = panel.group("industry").codes.copy()
    industry[7] = 5
    alone = replace(panel, groups=(key_from("industry", industry),))
    fitted = OPTIONS["entity, industry"].fit(alone, rng=random_stream(0))
    statistics = {statistic.name: statistic.value for statistic in fitted.statistics()}
    assert statistics["n_singleton_rows"] == 1
    without = OPTIONS["entity, industry"].fit(
        alone.take(np.delete(np.arange(panel.n_obs), 7)), rng=random_stream(0)
    )
    np.testing.assert_allclose(fitted.coefficients().estimate, without.coefficients().estimate, rtol=1e-10)
    assert fitted.coefficients().correction.n_obs == panel.n_obs
    classical = (
        replace(OPTIONS["entity, industry"], covariance=Classical()).fit(one, rng=random_stream(0))
        for one in (alone, without.rows)
    )
    own, other = (one.coefficients() for one in classical)
    assert own.correction.df_resid == other.correction.df_resid
    np.testing.assert_allclose(own.std_error, other.std_error, rtol=1e-10)


def test_levels_too_many_to_be_solved_for_are_refused_with_another_estimator(monkeypatch, panel):
    monkeypatch.setattr("harness_panel.solver.within.MOST_SMALL_LEVELS", 10)
    with pytest.raises(EstimationError, match="20 and 8 and 5 fixed effects are too many") as caught:
        OPTIONS["entity, time, industry"].fit(panel, rng=random_stream(0))
    assert "feols" in caught.value.hint
    OPTIONS["entity, industry"].fit(panel, rng=random_stream(0))


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
    fitted = ESTIMATORS[library].fit(r_panel(panel), rng=random_stream(0))
    value, definition = statistic(fitted)
    assert library in definition
    assert value < 1e-10
    assert "W-DISAGREE" not in {note.code for note in fitted.notes}


@pytest.mark.parametrize("library", [*ESTIMATORS][:2])
@pytest.mark.parametrize(("off", "is_told"), [(1e-7, True), (1e-9, False)])
def test_a_solver_that_is_off_is_a_warning_with_both_numbers(monkeypatch, library, off, is_told):
    panel = simulated_panel(random_stream(313), n_entities=20, n_periods=6)
    right = Regression.estimate.fget(ESTIMATORS[library].fit(panel, rng=random_stream(0)).regression)

    def wrong(regression: Regression) -> Floats:
        return right * np.where(np.arange(right.size) == right.size - 1, 1.0 + off, 1.0)

    monkeypatch.setattr(Regression, "estimate", property(wrong))
    fitted = ESTIMATORS[library].fit(panel, rng=random_stream(0))
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
    expected = estimator.fit(panel, rng=random_stream(0))

    def refuse(*_: object, **__: object) -> None:
        message = "a library was asked"
        raise AssertionError(message)

    monkeypatch.setattr("harness_panel.estimators.linear.report_of", refuse)
    own = estimator.for_folds().fit(panel, rng=random_stream(0))
    np.testing.assert_array_equal(own.predict(panel), expected.predict(panel))
    assert [note.code for note in own.notes] == [note.code for note in expected.notes]
    with pytest.raises(EstimationError, match="for prediction only"):
        own.coefficients()
