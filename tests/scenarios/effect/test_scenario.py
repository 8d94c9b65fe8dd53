"""The scenario from options to rows: forms, refusals, learners of strangers, what outcomes have in common."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from effect_panels import additive_panel, confounded_panel
from harness import Panel
from harness.api import prepare_study
from harness.data.panel import means_by
from harness.data.read.files import frame_file
from harness.estimators.guard import Attempt, attempt
from harness.installed import installed
from harness.plugin import CanLearnNuisances, CanLearnWithin, HasEffects, for_folds
from harness.registry.catalog import build_choice
from harness.running.checkpoints import CheckpointStore, decode, encode
from harness.running.dependence import Environment
from harness.running.graph import run_tasks
from harness.running.options import RunOptions
from harness.running.plan import PanelSource
from harness.running.results import answers_in_parts
from harness.running.workers import ThisProcess
from harness.scenarios.effect.nuisance import moving_inputs
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.terms import control_names
from harness.scenarios.scenario import Subject, framed
from harness.scenarios.task import PartCell, PartTask, answered_in_parts, run_in_process, run_part
from harness.study.spec.document import written_spec
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from harness_panel import Between, DynamicGMM, FirstDifference, FixedEffects, PolynomialEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn.splines import Splines
from harness_sklearn.trees import Boosting
from panels import balanced_panel
from scenarios.least_squares import Square
from worker_tasks import Watched, run_all


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
    assert found["residual_share"].between(0.2, 0.95).all()


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


@pytest.mark.parametrize(
    ("options", "identified"),
    [
        ({"forms": ("curve", "line")}, "debiased"),
        ({"methods": ("instrumented", "first_differences")}, "instruments"),
        ({"by": "half"}, None),
        ({"forms": ("curve",)}, None),
    ],
)
def test_it_identifies_what_its_first_number_does(options, identified):
    assert EffectScenario(**options).identifies == identified


def test_a_line_is_a_conditional_effect_at_the_moderators_mean_and_a_derivative(panel):
    line = rows(panel, methods=("first_differences",))
    moderated = rows(panel, methods=("first_differences",), forms=("conditional",), moderator="x4")
    middle = moderated[moderated["band"] == "pointwise"].iloc[4]
    assert middle["estimate"] == pytest.approx(line["estimate"][0], abs=0.02)
    assert moderated["band"].unique().tolist() == ["pointwise", "simultaneous"]
    assert moderated["moderator"].unique().tolist() == ["x4"]
    derivative = rows(panel, methods=("first_differences",), forms=("derivative",))
    assert abs(derivative["estimate"][0] - 0.5) < 3.5 * derivative["std_error"][0]


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


FORMS = ["line", "curve"]
STUDY = {
    "spec_version": 1,
    "study": "shared",
    "title": "Two outcomes",
    "data": {},
    "seed": 3,
    "roles": {
        "entity": "entity",
        "time": "period",
        "outcomes": ["first", "second"],
        "exposure": "x0",
        "controls": ["x1"],
    },
    "estimators": [{"id": "ols", "use": "pooled_ols"}, {"id": "splines", "use": "splines"}],
    "evaluation": {"reference": "ols", "protocols": ["in_sample"]},
    "scenarios": [{"use": "effect", "learners": ["splines"], "forms": FORMS, "repeats": 1, "folds": 2}],
    "report": {"formats": []},
}


WITHIN = {"use": "mlp", "effects": ["entity"], "hidden": 2, "restarts": 1, "max_steps": 20}


def planned(frame, learner="splines", *more):
    scenario = STUDY["scenarios"][0] | {"learners": [learner]}
    study = STUDY | {"data": {"missing": "drop"}, "scenarios": [scenario, *more]}
    return prepare_study(RunOptions(written_spec(study), data=frame_file(frame))).plan


@pytest.fixture(scope="module")
def frame():
    panel = confounded_panel(1, lambda exposure: 0.5 * exposure, n_entities=60, n_periods=4)
    columns = {"entity": panel.entity.codes, "period": panel.period, "x0": panel.X[:, 0], "x1": panel.X[:, 1]}
    shifted = panel.observed + np.square(panel.X[:, 1])
    return pd.DataFrame(columns | {"first": panel.observed, "second": shifted})


def exposure_parts(plan):
    return [task for task in plan.part_tasks() if task.part_cell.part.endswith(", exposure")]


def test_what_is_learned_of_the_exposure_is_learned_once_for_outcomes_of_the_same_rows(frame):
    plan = planned(frame)
    tasks, shared = list(plan.part_tasks()), exposure_parts(plan)
    # two methods, two forms, two folds
    assert len(shared) == 8
    assert {task.part_cell.outcome for task in shared} == {"first"}
    assert len(tasks) == 8 + 2 * 8
    needed = [task.needs[0].label for task in tasks if task.needs]
    assert sorted(needed) == sorted(2 * [task.label for task in shared])
    watched = Watched()
    run_all(tasks, workers=ThisProcess(), listener=watched)
    assert sorted(watched.handed_out) == sorted(watched.finished) == sorted(task.label for task in tasks)


@dataclass(frozen=True)
class OtherRows:
    """Panels of which the second outcome lacks an entity."""

    source: PanelSource

    def panel(self, outcome, **options):
        whole = self.source.panel(outcome, **options)
        return whole if outcome == "first" else whole.take(np.flatnonzero(whole.entity.codes != 7))


def test_outcomes_of_other_rows_learn_the_exposure_for_themselves(frame):
    plan = planned(frame)
    apart = replace(plan, panels=OtherRows(plan.panels))
    assert {task.part_cell.outcome for task in exposure_parts(apart)} == {"first", "second"}


CHECKED = {"use": "robustness", "folds": 2, "permutations": 0, "checks": ["lead"]}


@pytest.mark.parametrize("learner", ["splines", WITHIN])
def test_effects_and_their_checks_are_those_of_each_outcome_and_scenario_alone(frame, learner):
    plan = planned(frame, learner, CHECKED | {"learners": [learner]})
    together = answers_in_parts(plan, run_in_process(plan.part_tasks()))
    for (entry, scenario, subject), found in zip(plan.subjects(), together, strict=True):
        assert (list(found.answers), found.outcome) == ([entry.id], subject.panel.outcome)
        tables, alone = found.answers[entry.id].value, answered_in_parts(scenario, subject)
        assert tables
        assert all(tables[name].equals(alone[name]) for name in tables)


def test_the_slope_as_it_is_is_not_learned_again_to_be_checked(frame):
    checked = planned(frame, "splines", CHECKED | {"learners": ["splines"]})
    tasks = list(checked.part_tasks())
    # of a lead that two outcomes share: two methods and folds
    assert len(tasks) == 24 + 4 + 2 * 4
    own = [task for task in tasks if task.part_cell.scenario == "robustness"]
    assert all("exposure of the next period" in task.part_cell.part for task in own)
    others = planned(frame, "splines", CHECKED | {"learners": ["splines"], "folds": 3})
    assert len(list(others.part_tasks())) == 24 + 2 * (6 + 2 * 6)


def test_a_run_that_is_taken_up_counts_every_part_once(frame, tmp_path):
    plan = planned(frame)
    watched = Watched()
    kept = partial(
        run_tasks,
        store=CheckpointStore(tmp_path / "checkpoints"),
        environment=Environment({}, {}),
        workers=ThisProcess(),
        listener=watched,
    )
    tasks = list(plan.part_tasks())
    first = kept([task for task in tasks if task.part_cell.outcome == "first"])
    assert (first.n_taken_up, sum(first.anew.values())) == (0, 16)
    both = kept(tasks)
    assert (both.n_taken_up, both.anew) == (16, {"not finished before": 8})
    assert len(watched.finished) == 16 + 24


def test_an_outcome_is_refused_where_the_exposure_cannot_be_learned(frame):
    plan = planned(frame, {"use": "threshold_effects", "variable": "x0"})
    found = run_in_process(plan.part_tasks())
    assert {one.tried.status for one in found} == {"refused"}
    said = "variable: 'x0' is not a regressor of this panel; name the exposure, a moderator or a control"
    assert {one.tried.reason for one in found} == {said}
    lost = next(iter(plan.part_tasks())).failed("the worker died")
    after = next(task for task in plan.part_tasks() if task.needs).given([lost]).run()
    assert (after.tried.status, after.tried.reason) == ("failed", "the worker died")


@dataclass(frozen=True, eq=False)
class FunctionFit:
    """A function of a row; the effects of entities are left out of predictions, which need none."""

    slopes: np.ndarray

    def n_unseen(self, panel):
        return panel.n_obs

    def predict(self, panel):
        return functions(panel) @ self.slopes


@dataclass(frozen=True)
class WithinLeastSquares:
    """A stranger's: least squares on a few functions, with an effect of each entity."""

    name: ClassVar[str] = "within_least_squares"
    provides: ClassVar[frozenset[type]] = frozenset({CanLearnWithin})

    def within_entities(self):
        return self

    def fit(self, panel, *, rng, selection=None):
        code = panel.entity.codes
        columns = np.column_stack([*functions(panel).T, *(panel.time.codes == at for at in range(1, 5))])
        moved = np.column_stack([column - means_by(code, column) for column in columns.T.astype(float)])
        outcome = panel.observed - means_by(code, panel.observed)
        n_functions = functions(panel).shape[1]
        return FunctionFit(np.linalg.lstsq(moved, outcome)[0][:n_functions])


def functions(panel):
    return np.column_stack([panel.X, np.square(panel.X), np.sin(1.2 * panel.X)])


def test_both_methods_find_the_slope(panel):
    found = rows(panel, WithinLeastSquares(), forms=("line", "curve"))
    lines = found[found["form"] == "line"]
    assert found["status"].eq("ok").all()
    assert lines["n_obs"].tolist() == [480, 600]
    assert (np.abs(lines["estimate"] - 0.5) < 3.0 * lines["std_error"]).all()
    wide = found[found["band"] == "simultaneous"]
    truth = 0.5 * (wide["at"] - panel.column("x0").mean())
    assert ((wide["conf_low"] <= truth) & (truth <= wide["conf_high"])).all()


def test_constants_of_entities_change_nothing_by_first_differences(panel):
    constants = 5.0 * np.random.default_rng(0).standard_normal(120)[panel.entity.codes]
    raised = replace(panel, observed=panel.observed + constants)
    before, after = (
        rows(one, WithinLeastSquares(), methods=("first_differences",)) for one in (panel, raised)
    )
    assert isinstance(FunctionFit(np.empty(0)), HasEffects)
    assert after["estimate"].to_numpy() == pytest.approx(before["estimate"].to_numpy(), abs=1e-9)
    assert after["std_error"].to_numpy() == pytest.approx(before["std_error"].to_numpy(), abs=1e-9)


def test_methods_and_forms_share_what_is_learned_beside_effects(panel):
    scenario = EffectScenario(repeats=1, forms=("line", "curve"))
    parts = list(scenario.parts(Subject(panel, WithinLeastSquares(), "learner", 3)))
    assert len({part.label for part in parts}) == len(parts) == 5 * 2
    both = rows(panel, WithinLeastSquares()).drop(columns="p_methods")
    for method in ("first_differences", "correlated_random_effects"):
        alone = rows(panel, WithinLeastSquares(), methods=(method,)).drop(columns="p_methods")
        assert alone.equals(both[both["method"] == method].reset_index(drop=True))


def test_a_method_that_loses_an_entity_has_folds_and_fits_of_its_own(panel):
    """The last entity has one row, and no change from one period to the next."""
    short = panel.take(np.append(np.flatnonzero(panel.entity.codes < 119), panel.n_obs - 1))
    parts = EffectScenario(repeats=1).parts(Subject(short, WithinLeastSquares(), "learner", 3))
    assert sum(part.label.startswith("first_differences") for part in parts) == 5
    found = rows(short, WithinLeastSquares()).set_index("method")
    assert found["n_entities"].to_dict() == {"first_differences": 119, "correlated_random_effects": 120}
    assert (np.abs(found["estimate"] - 0.5) < 3.0 * found["std_error"]).all()


def test_a_constant_column_is_no_input_of_the_function_but_of_what_it_leaves():
    code, rng = np.repeat(np.arange(60), 5), np.random.default_rng(1)
    trait, moving, exposure, noise = rng.standard_normal((4, 300))
    trait = trait[code]
    made = balanced_panel(
        (60, 5),
        outcome=0.5 * (exposure + trait) + np.square(moving) + 2.0 * trait + noise,
        X=np.column_stack([exposure + trait, trait, moving]),
    )
    inputs = moving_inputs(made, ["x1", "x2"])
    assert inputs is not None
    assert inputs.columns == ("x2",)
    assert moving_inputs(made, ["x1"]) is None
    found = rows(made, WithinLeastSquares())
    assert (np.abs(found["estimate"] - 0.5) < 3.0 * found["std_error"]).all()


def test_networks_have_effects_where_they_can():
    within = Mlp(hidden=4).within_entities()
    assert within == Mlp(hidden=4, effects=("entity", "time"))
    assert Rab(base=Mlp(hidden=4)).within_entities() == Rab(base=within)
    assert Rab(base=SomAnn()).within_entities() is None


def test_networks_that_learn_for_an_effect_solve_for_output_weights_unless_something_else_was_chosen():
    usual = Mlp(hidden=4)
    solved = replace(usual, optimiser="projected_lbfgs", output_decay=1e-5)
    assert usual.for_nuisances() == solved
    assert replace(usual, optimiser="projected_lbfgs").for_nuisances() == solved
    assert Rab(base=usual).for_nuisances() == Rab(base=solved)
    for chosen in (
        replace(solved, output_decay=0.01),
        replace(usual, optimiser="levenberg_marquardt"),
        replace(usual, start="least_squares"),
    ):
        assert chosen.for_nuisances() == chosen


def test_a_network_leaves_most_of_the_confounder_out_of_the_effect(panel):
    """Pooled least squares is off by 0.4."""
    learner = Mlp(sizes_around=0, hidden=6, restarts=1)
    found = rows(panel, learner, folds=2)
    assert (np.abs(found["estimate"] - 0.5) < 0.15).all()
