"""Which effect of a study is its headline, and which protocols are refused, before anything is fitted."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from harness.api import prepare_study
from harness.evaluation.protocol import Fold
from harness.installed import installed
from harness.running.options import RunOptions
from harness.running.plan import _split, headline_records, in_words
from harness.study.spec.document import WrittenSpec
from harness.study.spec.load import load_study
from panels import panel_from_arrays
from plugin_files import write_tiny_study

SPEC = {
    "spec_version": 1,
    "study": "ranked",
    "data": {"path": "rows.csv"},
    "roles": {"entity": "id", "time": "year", "outcomes": "y", "exposure": "x", "instruments": ["z"]},
    "estimators": [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "by_period", "use": "fixed_effects", "effects": ["time"]},
        {"id": "fe", "use": "fixed_effects"},
        {"id": "means", "use": "pooled_ols", "entity_means": True},
        {"id": "durbin", "use": "spatial_durbin"},
        {"id": "gmm", "use": "gmm"},
        {"id": "iv", "use": "instrumental"},
        {"id": "other_rows", "use": "fixed_effects", "rows": {"x": {"from": 1}}},
        {"id": "trees", "use": "boosting"},
    ],
    "evaluation": {"protocols": ["in_sample"]},
    "scenarios": [
        "curve",
        {"use": "effect"},
        {"id": "groups", "use": "effect", "by": "region"},
        {"id": "by_z", "use": "effect", "methods": ["instrumented"]},
        {"use": "mediation", "mediators": ["m"]},
        {"use": "did"},
    ],
}
RANKED = ["did", "by_z", "iv", "gmm", "durbin", "effect", "mediation", "fe", "means", "ols", "by_period"]


def ranked(**changes):
    study = load_study(WrittenSpec(json.dumps(SPEC | changes)), catalogs=installed().catalogs).study
    return headline_records(study)


def test_effects_are_ranked_by_what_they_identify_then_in_the_order_of_the_spec():
    records = ranked()
    assert [one.scenario or one.estimator for one in records] == RANKED
    assert in_words(records[2]) == "iv (instruments)"


@pytest.mark.parametrize("name", ["fe", "other_rows"])
def test_what_is_declared_comes_first_whatever_it_identifies(name):
    estimators = [one | {"primary": True} if one["id"] == name else one for one in SPEC["estimators"]]
    first, *others = ranked(estimators=estimators)
    assert (first.estimator, first.is_declared, in_words(first)) == (name, True, f"{name} (declared primary)")
    assert [one.scenario or one.estimator for one in others] == [one for one in RANKED if one != name]


def test_an_estimator_answers_the_scenarios_that_it_names(tmp_path):
    study = write_tiny_study(tmp_path, other="pooled_ols")
    named = ("estimators[mean]={use: mean, scenarios: []}", "estimators[other].scenarios=[curve, importance]")
    planned = prepare_study(RunOptions(study, overrides=("scenarios=[curve, importance]", *named))).plan
    of_fits = {task.estimator_id: list(task.scenarios) for task in planned.full_tasks()}
    assert of_fits == {"mean": [], "other": ["curve"]}
    assert [(entry.id, subject.name) for entry, _, subject in planned.subjects()] == [("importance", "other")]


def test_a_share_of_rows_that_is_none_is_refused_with_the_least(tmp_path):
    study = write_tiny_study(tmp_path, other="pooled_ols")
    lines = (tmp_path / "panel.csv").read_text().splitlines(keepends=True)
    (tmp_path / "panel.csv").write_text("".join(lines[:10]))
    protocols = "evaluation.protocols=[{use: random_rows, test_share: 0.01}, in_sample]"
    planned = prepare_study(RunOptions(study, overrides=(protocols,))).plan
    refused, other = planned.splits
    assert refused.reason == (
        "1% of 9 rows gives 0 test rows; set test_share between 0.11 and 0.89, or drop this protocol"
    )
    assert f"protocol random_rows: {refused.reason}" in planned.describe()
    assert (refused.folds, len(other.folds)) == ((), 1)


@pytest.mark.parametrize("folds", [(), (Fold("1", np.arange(6), np.array([], dtype=np.int64), None, "row"),)])
def test_a_protocol_that_tests_no_row_is_refused(folds):
    tests_nothing = SimpleNamespace(stream="nothing", split=lambda _, **__: folds)
    entry = SimpleNamespace(id="nothing", protocol=tests_nothing)
    rows = np.arange(6)
    panel = panel_from_arrays(entity=rows // 2, period=rows % 2, outcome=rows, X=rows)
    refused = _split(entry, panel, seed=1)
    assert (refused.folds, refused.reason) == ((), "none of its splits has a test row")
