"""The scenario from options to rows: forms, refusals, learners of strangers, parts that resume."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pytest

from effect_panels import additive_panel, confounded_panel
from harness import Panel
from harness.estimators.guard import Attempt, attempt
from harness.installed import installed
from harness.plugin import CanLearnNuisances, for_folds
from harness.registry.catalog import build_choice
from harness.running.checkpoints import decode, encode
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.terms import control_names
from harness.scenarios.scenario import Subject, framed
from harness.scenarios.task import PartCell, PartTask, answered_in_parts, run_part
from harness_neural.mlp import Mlp
from harness_panel import Between, DynamicGMM, FirstDifference, FixedEffects, PolynomialEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn.splines import Splines
from harness_sklearn.trees import Boosting
from panels import balanced_panel
from scenarios.least_squares import Square


@dataclass(frozen=True, eq=False)
class LeastSquaresFit:
    """Coefficients on a constant, all columns, their squares and cubes."""

    slopes: np.ndarray

    def predict(self, panel: Panel):
        return design(panel) @ self.slopes


@dataclass(frozen=True)
class StrangersLeastSquares:
    """What a stranger's plugin might bring; it knows nothing of effects."""

    name: ClassVar[str] = "strangers"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return LeastSquaresFit(np.linalg.lstsq(design(panel), panel.observed, rcond=None)[0])


def design(panel: Panel):
    return np.column_stack([np.ones(panel.n_obs), panel.X, np.square(panel.X), panel.X**3])


@dataclass(frozen=True)
class LearnsOtherwise(StrangersLeastSquares):
    """Refuses to fit but for nuisance functions."""

    provides: ClassVar[frozenset[type]] = frozenset({CanLearnNuisances})

    def for_nuisances(self):
        return StrangersLeastSquares()

    def fit(self, panel, *, rng, selection=None):
        raise AssertionError


def rows(panel, learner=None, **options):
    question = Subject(panel, learner or StrangersLeastSquares(), "learner", 3)
    return answered_in_parts(EffectScenario(repeats=1, **options), question)["effects"]


@pytest.fixture(scope="module")
def panel():
    return confounded_panel(1, lambda exposure: 0.5 * exposure, n_entities=120, n_periods=5)


def test_a_strangers_estimator_finds_the_slope_by_either_method(panel):
    found = rows(panel)
    assert found["status"].tolist() == ["ok", "ok"]
    assert found["method"].tolist() == ["first_differences", "correlated_random_effects"]
    assert found["n_obs"].tolist() == [480, 600]
    assert (np.abs(found["estimate"] - 0.5) < 3.5 * found["std_error"]).all()
    assert found["share_left"].between(0.2, 0.95).all()


def test_methods_and_learners_are_tested_against_each_other(panel):
    scenario, subjects = EffectScenario(repeats=1, forms=("line", "curve")), []
    for name, learner in (("first", StrangersLeastSquares()), ("other", Splines())):
        subject = Subject(panel, learner, name, 3)
        subjects.append(
            (subject, {one.label: attempt(partial(run_part, one)) for one in scenario.parts(subject)})
        )
    first, other = (framed(scenario.compared(*own, *subjects[0]))["effects"] for own in subjects)
    assert first.equals(framed(scenario.concluded(*subjects[0]))["effects"])
    assert first["p_learners"].isna().all()
    assert other["p_learners"].between(0.0, 1.0).all()
    by_form = first.groupby("form")["p_methods"].agg(["nunique", "min"])
    assert by_form["nunique"].tolist() == [1, 1]
    assert by_form["min"].between(0.01, 1.0).all()
    assert rows(panel, methods=("first_differences",))["p_methods"].isna().all()


def test_methods_differ_where_what_is_omitted_drifts_slowly(panel):
    """Changes hold little of it, levels next to means much."""
    rng = np.random.default_rng(3)
    drift = np.where(panel.period > 0, 0.4 * rng.standard_normal(panel.n_obs), 0.0)
    drift = np.cumsum(drift.reshape(120, 5), axis=1).ravel()
    moved = panel.with_column("x0", panel.column("x0") + drift)
    found = rows(replace(moved, observed=panel.observed + 3.0 * drift))
    assert (found["p_methods"] < 0.01).all()


def test_an_estimator_learns_as_it_says_that_it_does_best(panel):
    assert rows(panel, LearnsOtherwise()).equals(rows(panel))
    one, other, chosen = (
        rows(panel, learner, methods=("first_differences",))
        for learner in (Splines(), Splines(smoothing="reml"), Splines(smoothing="selection"))
    )
    assert one.equals(other)
    assert not one.equals(chosen)


@pytest.mark.parametrize(
    "learner",
    [Boosting(max_rounds=20), Mlp(hidden=2, restarts=1, max_steps=5), Splines()],
    ids=["trees", "networks", "splines"],
)
def test_an_effect_moves_by_what_is_added_to_the_outcome_whoever_learns(panel, learner):
    """However badly the learner learns: as little as a few trees do, or networks of five steps."""
    few = panel.take(np.flatnonzero(panel.entity.codes < 50))
    added = replace(few, observed=few.observed + 2.0 * few.column("x0"))
    before, after = rows(few, learner), rows(added, learner)
    assert before["status"].tolist() == ["ok", "ok"]
    assert (after["estimate"] - before["estimate"]).to_numpy() == pytest.approx(2.0, rel=1e-6)
    assert after["std_error"].to_numpy() == pytest.approx(before["std_error"].to_numpy(), rel=1e-6)


def test_the_slope_of_a_product_comes_with_the_effect_along_a_moderator(panel):
    moderated = panel.with_column("x4", panel.column("x4") + 3.0)
    product = panel.column("x0") * panel.column("x4")
    changed = replace(moderated, observed=panel.observed + 0.7 * product)
    found = rows(changed, methods=("first_differences",), forms=("conditional",), moderator="x4")
    along = found[(found["form"] == "conditional") & (found["band"] == "pointwise")]
    (slope,) = found[found["form"] == "interaction"].to_dict("records")
    change = np.diff(along["estimate"]) / np.diff(along["at"])
    np.testing.assert_allclose(change, slope["estimate"])
    assert abs(slope["estimate"] - 0.7) < 3.5 * slope["std_error"]
    alone = rows(changed, methods=("first_differences",), forms=("interaction",), moderator="x4")
    assert alone["estimate"].tolist() == [slope["estimate"]]


@pytest.mark.parametrize("options", [{"forms": ("curve", "line")}, {"by": "half"}])
def test_a_primary_effect_is_one_number(options):
    with pytest.raises(ValueError, match="a primary effect is one number: write the form line"):
        EffectScenario(primary=True, **options)


def test_a_line_is_a_conditional_effect_at_the_moderators_mean_and_a_derivative(panel):
    line = rows(panel, methods=("first_differences",))
    moderated = rows(panel, methods=("first_differences",), forms=("conditional",), moderator="x4")
    middle = moderated[moderated["band"] == "pointwise"].iloc[4]
    assert middle["estimate"] == pytest.approx(line["estimate"][0], abs=0.02)
    assert moderated["band"].unique().tolist() == ["pointwise", "simultaneous"]
    assert moderated["moderator"].unique().tolist() == ["x4"]
    derivative = rows(panel, methods=("first_differences",), forms=("derivative",))
    assert abs(derivative["estimate"][0] - 0.5) < 3.5 * derivative["std_error"][0]


def test_a_curve_is_less_its_mean_over_rows_and_holds_a_line(panel):
    curve = rows(panel, methods=("first_differences",), forms=("curve",))
    wide = curve[curve["band"] == "simultaneous"]
    truth = 0.5 * (wide["at"] - panel.column("x0").mean())
    assert ((wide["conf_low"] <= truth) & (truth <= wide["conf_high"])).all()
    narrow = curve[curve["band"] == "pointwise"]
    assert (wide["conf_high"].to_numpy() > narrow["conf_high"].to_numpy()).all()


def test_curves_of_few_entities_of_changes_and_of_other_learners_are_exploratory(panel):
    few = panel.take(np.flatnonzero(panel.entity.codes < 90))
    strange = StrangersLeastSquares()
    cases = [
        (panel, Splines()),
        (few, Splines()),
        (panel, strange),
        (few, for_folds(PooledOLS())),
        (few, strange),
    ]
    found = [rows(own, learner, forms=("line", "curve")) for own, learner in cases]
    drawn = [one.groupby(["form", "method"])["is_exploratory"].all() for one in found]
    curves = [one["curve", "correlated_random_effects"] for one in drawn]
    assert curves == [False, True, True, True, True]
    assert all(one["curve", "first_differences"] for one in drawn)
    assert [one["line"].any() for one in drawn] == [False, False, False, False, True]


def test_groups_are_asked_apart_and_another_regressor_can_be_the_exposure(panel):
    from harness.plugin import Key

    labels = Key("half", ("a", "b"), (panel.entity.codes % 2).astype(np.int64))
    found = rows(replace(panel, groups=(labels,)), by="half", exposure="x4", methods=("first_differences",))
    assert found["group"].tolist() == ["half a", "half b"]
    assert found["n_entities"].tolist() == [60, 60]
    assert found["exposure"].unique().tolist() == ["x4"]
    assert (np.abs(found["estimate"] - 0.3) < 3.5 * found["std_error"]).all()


def test_instruments_find_the_slope_of_an_exposure_that_the_outcome_moves(panel):
    rng = np.random.default_rng(2)
    Z, shock = rng.standard_normal((2, panel.n_obs))
    moved = replace(
        panel.with_column("x0", panel.column("x0") + Z + 2.0 * shock),
        observed=panel.observed + 0.5 * Z + 3.0 * shock,
        instruments=("z",),
        Z=Z[:, None],
    )
    asked = {"methods": ("first_differences", "instrumented"), "forms": ("line", "curve")}
    found = rows(moved, **asked).drop_duplicates(["method", "form"]).set_index(["method", "form"])
    biased, line = found.loc["first_differences", "line"], found.loc["instrumented", "line"]
    assert abs(biased["estimate"] - 0.5) > 5.0 * biased["std_error"]
    assert abs(line["estimate"] - 0.5) < 3.5 * line["std_error"]
    assert line["first_stage_f"] > 50.0
    assert "instruments are as good as random" in line["assumption"]
    every = rows(moved, methods=("instrumented",)).set_index("band")
    assert every.index.tolist() == ["pointwise", "tf", "anderson_rubin"]
    assert (every["conf_low"] < 0.6).all()
    assert (every["conf_high"] > 0.4).all()
    assert every["conf_high"].to_numpy() == pytest.approx(every["conf_high"].iloc[0], abs=0.1)
    assert "too few for the 8 terms" in found.loc["instrumented", "curve"]["reason"]
    within = rows(moved, methods=("instrumented",), instrumented_within="correlated_random_effects")
    assert abs(within["estimate"][0] - 0.5) < 3.5 * within["std_error"][0]
    assert "no instruments" in rows(panel, methods=("instrumented",))["reason"][0]


def test_what_follows_from_the_exposure_is_not_held_fixed():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 3))
    X[:, 1] = X[:, 0] ** 2
    panel = balanced_panel(
        (20, 3),
        outcome=rng.standard_normal(60),
        X=X,
        columns=("x", "square", "z"),
        derived=(Square("x", "square"),),
    )
    assert control_names(panel) == ["z"]


@pytest.mark.parametrize(
    ("form", "exposure", "reason"),
    [
        ("line", lambda panel: panel.period.astype(float), "no residual variation"),
        ("curve", lambda panel: (panel.column("x0") > 0).astype(float), "too few for a curve"),
        ("derivative", lambda panel: (panel.column("x0") > 0).astype(float), "two values"),
        ("contrast", lambda panel: panel.column("x0"), "distinct values"),
    ],
)
def test_what_cannot_be_estimated_is_a_row_with_its_reason(panel, form, exposure, reason):
    found = rows(panel.with_column("x0", exposure(panel)), forms=(form,))
    assert found["status"].tolist() == ["refused", "refused"]
    assert all(reason in said for said in found["reason"])


@pytest.mark.parametrize("scenario", ["effect", "robustness"])
def test_a_study_that_names_no_learner_asks_those_that_a_plugin_marks(scenario):
    catalogs = installed().catalogs
    asked = [build_choice(catalogs, "scenario", scenario, given) for given in ({}, {"learners": ["fe"]})]
    assert [one.learners for one in asked] == [(Splines(),), ("fe",)]


@pytest.mark.parametrize("learner", [FixedEffects(), PolynomialEffects()])
def test_a_learner_that_absorbs_the_means_of_entities_is_refused_where_they_stand_for_constants(learner):
    null = additive_panel(1, n_entities=30, confounder="linear", response="zero")
    status = rows(null, learner).set_index("method")["status"]
    assert status.to_dict() == {"first_differences": "ok", "correlated_random_effects": "refused"}


@pytest.mark.parametrize("learner", [Between(), FirstDifference(), DynamicGMM(), Rab(base=Between())])
def test_a_learner_of_means_or_changes_is_refused(learner):
    """By `between` effects were found on 31 of 100 panels of 30 firms without one."""
    null = additive_panel(1, n_entities=30, confounder="linear", response="zero")
    assert set(rows(null, learner)["status"]) == {"refused"}


def test_trees_learn_what_least_squares_leave():
    """By themselves boosted trees found an effect in the levels of this panel, which has none."""
    null = additive_panel(1, n_entities=60, confounder="linear", response="zero")
    found = rows(null, Boosting(max_rounds=30))
    assert (found["estimate"].abs() < 2.0 * found["std_error"]).all()


def task_of(part, needs=()):
    return PartTask(PartCell("outcome", "learner", "effect", part.label), part, tuple(needs))


def test_parts_come_back_from_bytes_and_one_that_failed_refuses_its_effect_alone(panel):
    scenario = EffectScenario(repeats=1, folds=2)
    question = Subject(panel, StrangersLeastSquares(), "learner", 3)
    tasks = [task_of(one, [task_of(need) for need in one.needs]) for one in scenario.parts(question)]
    assert len({task.label for task in tasks}) == len(tasks) == 2 * 2
    results = [decode(encode(task.run())) for task in tasks]
    found = {one.part_cell.part: one.tried for one in results}
    effects = framed(scenario.concluded(question, found))["effects"]
    assert effects.equals(answered_in_parts(scenario, question)["effects"])
    first = next(iter(found))
    lost = found | {first: Attempt(None, "failed", "no memory")}
    broken = framed(scenario.concluded(question, lost))["effects"]
    assert broken["status"].tolist() == ["refused", "ok"]
    assert "no memory" in broken["reason"][0]


def test_only_learners_are_asked_of_the_study_and_of_its_own_and_a_moderator_goes_with_its_form():
    study = {"ols": StrangersLeastSquares(), "splines": Splines()}
    assert EffectScenario().respondents(study) == study
    assert EffectScenario(learners=(Splines(),)).respondents(study) == {"splines": Splines()}
    own = EffectScenario(learners=("ols", Splines(knots=4), Splines(knots=5))).respondents(study)
    assert own == {"ols": study["ols"], "splines_2": Splines(knots=4), "splines_3": Splines(knots=5)}
    with pytest.raises(ValueError, match="need a moderator"):
        EffectScenario(forms=("conditional",))
