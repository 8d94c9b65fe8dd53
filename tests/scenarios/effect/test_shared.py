"""What outcomes have in common: what is learned of the exposure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from effect_panels import confounded_panel
from harness.api import prepare_study
from harness.data.read.files import frame_file
from harness.running.checkpoints import CheckpointStore
from harness.running.dependence import Surroundings
from harness.running.graph import run_tasks
from harness.running.options import RunOptions
from harness.running.plan import PanelSource
from harness.running.results import answers_in_parts
from harness.running.workers import ThisProcess
from harness.scenarios.task import answered_in_parts, run_in_process
from harness.study.spec.written import written_spec
from watched import Watched, run_all

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


WITHIN = {"use": "mlp", "effects": ["entity"], "hidden": 2, "restarts": 1}


def planned(frame, learner="splines"):
    scenario = STUDY["scenarios"][0] | {"learners": [learner]}
    study = STUDY | {"data": {"missing": "drop"}, "scenarios": [scenario]}
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


@pytest.mark.parametrize("learner", ["splines", WITHIN])
def test_effects_are_those_of_each_outcome_alone(frame, learner):
    plan = planned(frame, learner)
    together = answers_in_parts(plan, run_in_process(plan.part_tasks()))
    for (entry, scenario, subject), found in zip(plan.subjects(), together, strict=True):
        assert (list(found.answers), found.outcome) == ([entry.id], subject.panel.outcome)
        tables = found.answers[entry.id].value
        assert tables["effects"].equals(answered_in_parts(scenario, subject)["effects"])


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
