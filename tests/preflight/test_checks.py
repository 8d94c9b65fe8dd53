"""What `validate` reports is what the tasks of the run meet."""

import re

import numpy as np
import pandas as pd
import pytest

from command import invoked
from harness.api import prepare_study
from harness.data.read.files import frame_file
from harness.errors import DataError, PluginError
from harness.evaluation.protocol import Fold, InSample
from harness.preflight.checks import check_run
from harness.running.options import RunOptions
from harness.study.spec.document import written_spec

rng = np.random.default_rng(4)
N_ENTITIES, N_PERIODS = 12, 6


def panel():
    entity = np.repeat([f"c{at:02d}" for at in range(N_ENTITIES)], N_PERIODS)
    year = np.tile(np.arange(2000, 2000 + N_PERIODS), N_ENTITIES)
    x, z, noise = rng.normal(size=(3, entity.size))
    return pd.DataFrame({"id": entity, "year": year, "x": x, "z": z, "y": x + z + noise, "side": "N"})


def by_entity(frame, name):
    return frame.assign(**{name: frame.groupby("id")[name].transform("mean")})


def prepared(frame, **changed):
    spec = {
        "spec_version": 1,
        "study": "s",
        "data": {},
        "roles": {"entity": "id", "time": "year", "outcomes": "y", "exposure": "x", "moderators": "z"},
        "estimators": [
            {"id": "ols", "use": "pooled_ols"},
            {"id": "fe", "use": "fixed_effects", "effects": ["entity", "time"]},
            {"id": "fd", "use": "first_difference"},
        ],
        "evaluation": {"protocols": ["in_sample", {"use": "held_out_entities", "folds": 5}, "forward"]},
        "scenarios": [{"use": "curve", "draws": 2}],
    } | changed
    return prepare_study(RunOptions(spec=written_spec(spec), data=frame_file(frame)))


def met(plan):
    """Return the ids and reasons of what the tasks of a plan refuse, run one by one."""
    found = {(split.entry.id, split.reason) for split in plan.splits if not split.folds}
    for task in plan.full_tasks():
        result = task.run()
        found |= (
            {(result.estimator, result.reason)}
            if result.status != "ok"
            else {(name, answer.reason) for name, answer in result.answers.items() if answer.value is None}
        )
    return found


@pytest.mark.parametrize(
    ("frame", "refused"),
    [
        (panel(), set()),
        (panel().query("year == 2000"), {"fe", "fd", "forward"}),
        (panel().query("id < 'c03'"), {"held_out_entities"}),
        (by_entity(panel(), "x"), {"fe", "fd"}),
        (panel().assign(x=lambda own: (own.z > 0) * 1.0), {"curve"}),
        (panel().query("year < 2002"), {"fe", "fd"}),
    ],
    ids=["sound", "one period", "three entities", "absorbed", "two values", "one period to train on"],
)
def test_what_is_predicted_is_what_the_tasks_refuse(frame, refused):
    study = prepared(frame)
    preflight = check_run(study)
    predicted = {(one.where.rpartition("(")[2].rstrip(")"), one.what) for one in preflight.refused}
    assert {name for name, _ in predicted} == refused
    on_folds = {(task.cell.estimator, task.run().reason) for task in study.plan.fold_tasks()}
    for name, reason in predicted - met(study.plan):
        assert any(name == own and why and reason.endswith(why) for own, why in on_folds)
    assert predicted >= met(study.plan)
    assert not preflight.is_in_vain


LEARNERS = [
    *("boosting", "random_forest", "elastic_net", "splines", "mlp", "som_ann"),
    {"use": "feols", "effects": ["entity", "time"]},
    {"use": "rab", "base": {"use": "mlp"}},
    {"use": "tuned", "candidates": ["mlp", "boosting"]},
]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (panel().query("id < 'c02' and year < 2002"), "too few|cannot fill|training rows, but"),
        (panel().query("id == 'c00'"), "none can be set aside|all 6 rows share one entity"),
    ],
    ids=["four rows", "one entity"],
)
def test_learners_report_what_they_refuse_without_a_fit(frame, says):
    study = prepared(frame, estimators=LEARNERS, scenarios=[], evaluation={"protocols": ["in_sample"]})
    met = {}
    for task in study.plan.full_tasks():
        result = task.run()
        met |= {result.estimator: result.reason} if result.status == "refused" else {}
    told = {one.where.rpartition("(")[2].rstrip(")"): one.what for one in check_run(study).refused}
    assert set(met) == set(told) == {own if isinstance(own, str) else own["use"] for own in LEARNERS}
    for name, reason in told.items():
        assert re.search(says, reason), (name, reason)
        assert reason == met[name]


def test_learners_report_what_they_refuse_of_a_fold():
    frame = panel().query("id < 'c03'")
    held_out = {"protocols": [{"use": "held_out_entities", "folds": 3}, "in_sample"]}
    options = {"use": "boosting", "min_leaf": 4}
    study = prepared(frame, estimators=[options, "splines"], scenarios=[], evaluation=held_out)
    (told,) = check_run(study).refused
    assert told.where == "spec: estimators[0] (boosting)"
    assert told.what.startswith("held_out_entities, fold 1: boosting: 6 training rows cannot fill two leaves")


def test_folds_outside_of_the_panel_are_the_fault_of_their_protocol(monkeypatch):
    rows = np.arange(72)
    folds = (Fold("1", rows, rows + 1, None, "row"),)
    monkeypatch.setattr(InSample, "split", lambda *_, **__: folds)
    with pytest.raises(
        PluginError, match="protocol in_sample: split: fold 1: test rows from 1 to 72"
    ) as caught:
        prepared(panel(), evaluation={"protocols": ["in_sample"]})
    assert caught.value.expected == "positions of the panel's rows, 0 to 71"


def test_a_fold_without_training_rows_is_told():
    frame = panel().query("id == 'c00' or year == 2005")
    protocols = {"protocols": [{"use": "entities_and_time", "folds": 5}]}
    study = prepared(frame, evaluation=protocols, estimators=["pooled_ols"], scenarios=[])
    empty = next(fold.name for fold in study.plan.splits[0].folds if fold.train.size == 0)
    (told,) = check_run(study).refused
    assert told.where == "spec: estimators[0] (pooled_ols)"
    assert told.what.startswith(f"entities_and_time, fold {empty}: ")
    assert "no rows are left to train on; set fewer folds" in told.what


def test_a_moderator_that_effects_absorb_and_one_group_are_told_at_their_place():
    study = prepared(by_entity(panel(), "z"), scenarios=[{"use": "heterogeneity", "by": "side", "draws": 2}])
    told = {(note.code, note.where) for note in check_run(study).notes}
    assert ("W-ABSORBED", "spec: roles.moderators (y · fe · z)") in told
    assert ("W-ONEGROUP", "spec: scenarios[0] (heterogeneity)") in told


@pytest.mark.parametrize(("entity", "time", "is_told"), [("day", "code", True), ("code", "day", False)])
def test_entities_that_are_dates_are_told(entity, time, is_told):
    frame = panel().assign(day=lambda own: own.year.astype(str) + "-12-31")
    frame["code"] = 600000 + frame["id"].str[1:].astype(int)
    roles = {"entity": entity, "time": time, "outcomes": "y", "exposure": "x", "moderators": "z"}
    notes = prepared(frame.drop(columns=["id", "year"]), roles=roles).panels.notes
    assert ("W-KEYS" in {note.code for note in notes}) == is_told


def test_a_lagged_outcome_beside_entity_effects_is_a_warning():
    roles = {"entity": "id", "time": "year", "outcomes": "y", "exposure": "x", "controls": "before"}
    study = prepared(panel(), roles=roles, data={"prepare": [{"lag": {"into": "before", "of": "y"}}]})
    told = {note.where: note.message for note in check_run(study).notes if note.code == "W-NICKELL"}
    assert set(told) == {"spec: estimators[1] (y · fe)", "spec: estimators[2] (y · fd)"}
    assert "T = 5" in told["spec: estimators[1] (y · fe)"]


def test_a_study_in_vain_is_an_error_and_one_that_narrows_is_not(tmp_path):
    by_entity(panel(), "x").to_csv(tmp_path / "panel.csv", index=False)
    spec = tmp_path / "spec.yaml"
    text = (
        "{{spec_version: 1, study: s, data: {{path: panel.csv}}, estimators: [{}],\n"
        " roles: {{entity: id, time: year, outcomes: y, exposure: x, moderators: z}}}}"
    )
    spec.write_text(text.format("fixed_effects, first_difference"))
    with pytest.raises(DataError, match=rf"{spec}:1:67: estimators\[0\] \(fixed_effects\): exposure 'x': "):
        invoked("validate", spec)
    spec.write_text(text.format("pooled_ols, fixed_effects"))
    narrowed = invoked("validate", spec)
    assert f"would be refused: {spec}:1:79: estimators[1] (fixed_effects): exposure 'x': " in narrowed.output
