"""The slope under other choices, and placebos."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import kstest, t

from effect_panels import confounded_panel
from harness import EstimationError
from harness.data.simulate.small_panels import NullEffect
from harness.estimators.guard import attempt
from harness.plugin import Key
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.robustness import (
    JOINT,
    PERMUTED,
    RobustnessScenario,
    _joint,
    _Slope,
    checks_of,
    permuted,
)
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts, run_part
from panels import balanced_panel, panel_from_arrays, small_panel
from scenarios.least_squares import LeastSquares, powers


def design(panel):
    return np.column_stack([np.ones(panel.n_obs), *(panel.X**power for power in (1, 2, 3))])


def halves(panel):
    return replace(panel, groups=(Key("half", ("a", "b"), (panel.entity.codes % 2).astype(np.int64)),))


def rows(panel, **options):
    scenario = RobustnessScenario(methods=("first_differences",), folds=2, **options)
    return answered_in_parts(scenario, Subject(panel, LeastSquares(design), "powers", 3))[
        "robustness"
    ].set_index("check")


@pytest.fixture(scope="module")
def panel():
    return halves(confounded_panel(4, lambda exposure: 0.5 * exposure, n_entities=120, n_periods=6))


def test_a_slope_that_is_there_stands_every_check_and_placebos_find_nothing(panel):
    found = rows(panel, by="half", controls=(4,), permutations=4)
    alike = ("as it is", "without half: a", "without half: b", "periods ", "first ")
    same = [name for name in found.index if name.startswith(alike)]
    assert len(same) == 6
    assert (np.abs(found.loc[same, "estimate"] - 0.5) < 4.0 * found.loc[same, "std_error"]).all()
    lead = found.loc["exposure of the next period, given this one's"]
    assert abs(lead["estimate"]) < 3.5 * lead["std_error"]
    assert found.loc["outcome in logs", "status"] == "refused"
    assert found.loc[PERMUTED, "p_value"] == pytest.approx(0.2)
    assert abs(found.loc[PERMUTED, "estimate"]) < 0.1
    assert found.loc[JOINT, "p_difference"] > 0.01


def test_the_slope_as_it_is_is_that_of_the_first_folds_of_effects(panel):
    found = rows(panel, checks=(), permutations=0).loc["as it is"]
    effect = EffectScenario(methods=("first_differences",), folds=2, repeats=1)
    own = answered_in_parts(effect, Subject(panel, LeastSquares(design), "powers", 3))["effects"].iloc[0]
    assert found["estimate"] == own["estimate"]
    assert found["std_error"] == pytest.approx(own["std_error"], rel=1e-12)


def test_a_check_that_changes_nothing_finds_no_difference(panel):
    found = rows(panel, checks=(), controls=(len(panel.controls),), permutations=0)
    assert found.loc[f"first {len(panel.controls)} controls", "difference"] == 0.0


def test_a_slope_of_some_groups_alone_does_not(panel):
    is_first = panel.entity.codes % 2 == 0
    some = replace(panel, observed=panel.observed + np.where(is_first, panel.column("x0"), 0.0))
    found = rows(some, checks=("groups",), by="half", permutations=0)
    assert found.index.tolist() == ["as it is", "without half: a", "without half: b", JOINT]
    assert found.loc["without half: a", "difference"] == pytest.approx(-0.5, abs=0.25)
    assert found.loc["without half: a", "p_difference"] < 1e-4
    assert found.loc[JOINT, "p_difference"] < 0.001


def test_an_exposure_that_the_outcome_moves_is_found_by_its_lead(panel):
    own = panel.column("x0").reshape(120, 6).copy()
    own[:, 1:] += 0.8 * panel.observed.reshape(120, 6)[:, :-1]
    found = rows(panel.with_column("x0", own.ravel()), checks=("lead",), permutations=0)
    assert found.loc["exposure of the next period, given this one's", "p_value"] < 0.001
    assert found.loc[JOINT, "p_difference"] < 0.01


def test_the_joint_test_has_the_degrees_of_freedom_of_the_slope_on_fewest_entities():
    """Of one difference it is the t test of it."""
    baseline = _Slope(0.0, np.zeros(8), 30.0, 8, 8)
    check = _Slope(2.5, np.full(8, 8**-0.5), 4.0, 8, 8)
    found = _joint(baseline, [("baseline", check)], rng=np.random.default_rng(1))
    assert found["p_difference"] == pytest.approx(2.0 * t.sf(2.5, 4), abs=0.02)


def test_entities_swap_whole_courses_of_the_exposure():
    entity = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    period = np.array([0, 1, 2, 0, 1, 2, 0, 2])
    panel = panel_from_arrays(
        entity=entity, period=period, outcome=np.zeros(8), X=10.0 * entity + period, columns=("x",)
    )
    for seed in range(6):
        found = permuted(panel, np.random.default_rng(seed))
        partner = found.column("x") // 10
        assert (found.column("x") % 10 == found.period).all()
        for code in np.unique(found.entity.codes):
            assert np.unique(partner[found.entity.codes == code]).size == 1


def test_codings_and_rows_are_what_they_say():
    rng = np.random.default_rng(3)
    panel = balanced_panel((50, 4), outcome=np.exp(rng.standard_normal(200)), X=rng.standard_normal((200, 2)))
    names = ("lead", "lag", "log_outcome", "periods")
    made = {one.name: one.panel for one in checks_of(panel, names, by=None, controls=(0,))}
    lead = made["exposure of the next period, given this one's"]()
    lag = made["exposure of the period before"]()
    wide = panel.column("x0").reshape(50, 4)
    np.testing.assert_array_equal(lead.column("x0"), wide[:, 1:].ravel())
    np.testing.assert_array_equal(lead.column("x0, this period"), wide[:, :-1].ravel())
    np.testing.assert_array_equal(lag.column("x0"), wide[:, :-1].ravel())
    np.testing.assert_array_equal(made["outcome in logs"]().observed, np.log(panel.observed))
    assert made["first 0 controls"]().columns == ("x0",)
    two = panel.take(np.flatnonzero(panel.period < 2))
    early = next(checks_of(two, ("periods",), by=None, controls=()))
    with pytest.raises(EstimationError, match="fewer than two periods"):
        early.panel()


@pytest.mark.slow
def test_p_values_of_placebos_are_uniform():
    """200 permutations of the simulated panel without any effect, which is linear in its controls."""
    panel = small_panel(NullEffect().draw())
    scenario = RobustnessScenario(methods=("first_differences",), checks=(), folds=2, permutations=200)
    question = Subject(panel, LeastSquares(powers(1)), "powers", 3)
    found = {part.label: attempt(partial(run_part, part)) for part in scenario.parts(question)}
    slope = partial(scenario._slope, question, "first_differences", found)
    drawn = [slope(check) for check in scenario._permutations(question)]
    p_values = [2.0 * t.sf(one.t, one.n_entities - 1) for one in drawn]
    assert len(p_values) == 200
    assert kstest(p_values, "uniform").pvalue > 0.01
