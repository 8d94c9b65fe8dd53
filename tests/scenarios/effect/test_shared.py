"""What outcomes have in common: what is learned of the exposure."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from effect_panels import confounded_panel
from harness.api import prepare_study
from harness.data.panel import means_by
from harness.data.read.files import frame_file
from harness.plugin import CanLearnWithin, HasEffects
from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Surroundings
from harness.running.graph import run_tasks
from harness.running.options import RunOptions
from harness.running.plan import PanelSource
from harness.running.results import answers_in_parts
from harness.running.workers import ThisProcess
from harness.scenarios.effect.nuisance import moving_inputs
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts, run_in_process
from harness.study.spec.document import written_spec
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from harness_rab.rab import Rab
from panels import panel_from_arrays
from worker_tasks import Watched, run_all

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
        surroundings=Surroundings({}, {}),
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
        columns = np.column_stack([*functions(panel).T, *(panel.time.codes == at for at in range(1, 9))])
        moved = np.column_stack([column - means_by(code, column) for column in columns.T.astype(float)])
        outcome = panel.observed - means_by(code, panel.observed)
        n_functions = functions(panel).shape[1]
        return FunctionFit(np.linalg.lstsq(moved, outcome)[0][:n_functions])


def functions(panel):
    return np.column_stack([panel.X, np.square(panel.X), np.sin(1.2 * panel.X)])


def effects(panel, learner=None, **options):
    question = Subject(panel, learner or WithinLeastSquares(), "learner", 3)
    return answered_in_parts(EffectScenario(repeats=1, **options), question)["effects"]


@pytest.fixture(scope="module")
def panel():
    return confounded_panel(1, lambda exposure: 0.5 * exposure, n_entities=120)


def test_both_methods_find_the_slope(panel):
    found = effects(panel, forms=("line", "curve"))
    lines = found[found["form"] == "line"]
    assert found["status"].eq("ok").all()
    assert lines["n_obs"].tolist() == [960, 1080]
    assert (np.abs(lines["estimate"] - 0.5) < 3.0 * lines["std_error"]).all()
    wide = found[found["band"] == "simultaneous"]
    truth = 0.5 * (wide["at"] - panel.column("x0").mean())
    assert ((wide["conf_low"] <= truth) & (truth <= wide["conf_high"])).all()


def test_constants_of_entities_change_nothing_by_first_differences(panel):
    constants = 5.0 * np.random.default_rng(0).standard_normal(120)[panel.entity.codes]
    raised = replace(panel, observed=panel.observed + constants)
    before, after = (effects(one, methods=("first_differences",)) for one in (panel, raised))
    assert isinstance(FunctionFit(np.empty(0)), HasEffects)
    assert after["estimate"].to_numpy() == pytest.approx(before["estimate"].to_numpy(), abs=1e-9)
    assert after["std_error"].to_numpy() == pytest.approx(before["std_error"].to_numpy(), abs=1e-9)


def test_methods_and_forms_share_what_is_learned_beside_effects(panel):
    scenario = EffectScenario(repeats=1, forms=("line", "curve"))
    parts = list(scenario.parts(Subject(panel, WithinLeastSquares(), "learner", 3)))
    assert len({part.label for part in parts}) == len(parts) == 5 * 2
    both = effects(panel).drop(columns="p_methods")
    for method in ("first_differences", "correlated_random_effects"):
        alone = effects(panel, methods=(method,)).drop(columns="p_methods")
        assert alone.equals(both[both["method"] == method].reset_index(drop=True))


def test_a_method_that_loses_an_entity_has_folds_and_fits_of_its_own(panel):
    """The last entity has one row, and no change from one period to the next."""
    short = panel.take(np.append(np.flatnonzero(panel.entity.codes < 119), panel.n_obs - 1))
    parts = EffectScenario(repeats=1).parts(Subject(short, WithinLeastSquares(), "learner", 3))
    assert sum(part.label.startswith("first_differences") for part in parts) == 5
    found = effects(short).set_index("method")
    assert found["n_entities"].to_dict() == {"first_differences": 119, "correlated_random_effects": 120}
    assert (np.abs(found["estimate"] - 0.5) < 3.0 * found["std_error"]).all()


def test_a_constant_column_is_no_input_of_the_function_but_of_what_it_leaves():
    code, rng = np.repeat(np.arange(60), 5), np.random.default_rng(1)
    trait, moving, exposure, noise = rng.standard_normal((4, 300))
    trait = trait[code]
    made = panel_from_arrays(
        entity=code,
        period=np.tile(np.arange(5), 60),
        outcome=0.5 * (exposure + trait) + np.square(moving) + 2.0 * trait + noise,
        X=np.column_stack([exposure + trait, trait, moving]),
    )
    inputs = moving_inputs(made, ["x1", "x2"])
    assert inputs is not None
    assert inputs.columns == ("x2",)
    assert moving_inputs(made, ["x1"]) is None
    found = effects(made)
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
    found = effects(panel, learner, folds=2)
    assert (np.abs(found["estimate"] - 0.5) < 0.15).all()
