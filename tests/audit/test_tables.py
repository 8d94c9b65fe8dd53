"""Tables that somebody changed, hashes and all, are found by computing them once more."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import harness
from harness.audit.verification import verify
from harness.installed import installed
from harness.registry.sources import PluginChoice
from harness.running.folder import RunFolder
from small_run import SPEC, copy_of, grunfeld

TEST = {"outcome": "invest", "protocol": "random_rows", "sample": "test"}


def problems(folder):
    checks = verify(folder, catalogs=installed().catalogs)
    return [problem for check in checks for problem in check.problems]


@pytest.fixture
def folder(small_run, tmp_path):
    return RunFolder(copy_of(small_run, tmp_path / "run"))


def rehash(folder):
    """Write the manifest again, so that every hash holds."""
    folder.write_manifest(folder.manifest())


def change(folder, name, where, column, value):
    """Change cells of a table, and all hashes with them."""
    frame = folder.read_table(name)
    rows = pd.Series(True, index=frame.index)
    for key, wanted in where.items():
        rows &= frame[key] == wanted
    assert rows.sum() == 1
    frame[column] = frame[column].astype(object)
    frame.loc[rows, column] = value
    folder.write_table(name, frame)
    rehash(folder)


CHANGES = [
    ("accuracy", TEST | {"estimator": "curved"}, "mse", 1.0),
    ("accuracy", TEST | {"estimator": "ols"}, "n_entities", 9),
    ("gain", TEST, "gain", 0.9),
    ("gain", TEST, "conf_low", 0.1),
    ("gain", TEST, "p_value", 0.01),
    ("gain", TEST, "p_holm", 0.03),
    ("gain", TEST, "least_detectable", 0.04),
    ("decomposition", {"part": "entities never seen"}, "estimate", 0.5),
    ("decomposition", {"part": "entities never seen"}, "conf_high", 0.9),
    ("recognition", {"estimator": "curved"}, "conf_low", 0.9),
    ("multiverse", TEST | {"degree": 3}, "gain", 0.9),
    ("multiverse_choices", {"choice": "degree", "level": "3"}, "share_of_variance", 0.9),
    ("multiverse_tests", {"protocol": "random_rows", "statistic": "median_gain"}, "p_value", 0.9),
    ("claims", {"quantity": "gain"}, "status", "differs"),
]


@pytest.fixture(scope="module")
def found_in_changed(small_run, tmp_path_factory):
    """What is found where a cell of each column is changed."""
    folder = RunFolder(copy_of(small_run, tmp_path_factory.mktemp("changed") / "run"))
    for name, where, column, value in CHANGES:
        change(folder, name, where, column, value)
    return problems(folder)


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [(name, column, value) for name, _, column, value in CHANGES],
    ids=[f"{name} {column}" for name, _, column, _ in CHANGES],
)
def test_a_changed_cell_is_named_with_its_row(found_in_changed, name, column, value):
    start = f"{column}: 1 cell differs at "
    (problem,) = [
        one for one in found_in_changed if one.where == f"{name}.csv" and one.what.startswith(start)
    ]
    assert f"in the folder {value}, recomputed from " in problem.what


def test_a_changed_prediction_is_found_in_every_table_that_rests_on_it(folder):
    predictions = folder.read_parquet("predictions")
    at = predictions.index[(predictions["protocol"] == "random_rows") & (predictions["sample"] == "test")][0]
    predictions.loc[at, "predicted"] += 1.0
    folder.write_parquet("predictions", predictions)
    rehash(folder)
    assert {"accuracy.csv", "gain.csv", "decomposition.csv"} <= {one.where for one in problems(folder)}


def test_another_level_in_the_manifest_gives_other_intervals(folder):
    content = folder.manifest()
    study = replace(content.study, level=0.9)
    folder.write_manifest(replace(content, study=study))
    words = " ".join(problem.what for problem in problems(folder))
    assert "conf_low: " in words
    assert "gain: " not in words


def test_a_row_that_was_taken_out_is_missed(folder):
    accuracy = folder.read_table("accuracy")
    folder.write_table("accuracy", accuracy[accuracy["sample"] != "train"])
    rehash(folder)
    words = [problem.what for problem in problems(folder) if problem.where == "accuracy.csv"]
    assert any(one.startswith("8 rows only recomputed from predictions") for one in words)
    assert any("has no row for invest · ols · in_sample · train" in one for one in words)


def test_a_cell_cannot_be_hidden_behind_its_status(folder):
    change(folder, "gain", TEST, "status", "failed")
    words = [problem.what for problem in problems(folder) if problem.where == "gain.csv"]
    assert any(one.startswith("1 row only recomputed from predictions") for one in words)
    assert any("1 rows have numbers that their status denies" in one for one in words)


def test_a_gain_report_that_says_otherwise_is_found(folder):
    path = folder.path / "gain_report.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][0]["mse"] = 0.0
    path.write_text(json.dumps(content), encoding="utf-8")
    rehash(folder)
    (problem,) = problems(folder)
    assert problem.where == "gain_report.json"


@pytest.mark.parametrize("column", ["observed", "fold"])
def test_predictions_that_lack_a_column_are_no_traceback(folder, column):
    folder.write_parquet("predictions", folder.read_parquet("predictions").drop(columns=column))
    rehash(folder)
    (problem,) = problems(folder)
    assert problem.what == f"lacks the columns {column}"


def test_a_spec_whose_plugin_is_not_here_is_told(folder):
    without = installed(PluginChoice(off=("harness_panel",))).catalogs
    (check,) = [one for one in verify(folder, catalogs=without) if one.problems]
    assert "cannot be read here" in check.problems[0].what
    assert "pooled_ols" in check.problems[0].what


EXPECTED = {
    "table": "coefficients",
    "where": {"estimator": "ols", "term": "value"},
    "column": "estimate",
    "value": 0.12,
    "from": "run",
}


@pytest.mark.parametrize(
    ("quick", "overrides", "n_expected"),
    [(False, (), 1), (True, (), 0), (False, ("seed=8",), 0)],
    ids=["whole", "quick", "changed"],
)
def test_a_run_holds_whether_or_not_its_numbers_are_expected(tmp_path, quick, overrides, n_expected):
    small = {"multiverse": None, "claims": [], "scenarios": [], "report": {"formats": []}}
    small["evaluation"] = SPEC["evaluation"] | {"protocols": ["in_sample"]}
    spec = SPEC | small | {"expect": [EXPECTED]}
    result = harness.run(
        spec, data=grunfeld(), out=tmp_path / "run", quick=quick, overrides=overrides, progress=False
    )
    folder = RunFolder(result.path)
    assert len(folder.read_table("expectations")) == n_expected
    assert problems(folder) == []


def test_cells_that_were_refused_hold(tmp_path):
    """An exposure that firm effects absorb, and a panel too small for a protocol, leave rows with reasons."""
    frame = pd.DataFrame(
        [
            {"firm": firm, "year": year, "size": firm, "age": (firm * year) % 5, "sales": firm + year % 3}
            for firm in range(4)
            for year in range(2000, 2004)
        ]
    )
    roles = {"entity": "firm", "time": "year", "outcomes": "sales", "exposure": "size", "controls": "age"}
    spec = {
        "spec_version": 1,
        "study": "refused",
        "roles": roles,
        "estimators": ["pooled_ols", {"id": "fe", "use": "fixed_effects"}],
        "evaluation": {"protocols": ["in_sample", {"use": "held_out_entities", "folds": 50}]},
        "data": {},
        "report": {"formats": []},
    }
    result = harness.run(spec, data=frame, out=tmp_path / "run", progress=False)
    status = result.gain.groupby("protocol")["status"].unique().map(list).to_dict()
    assert status == {"in_sample": ["refused"], "held_out_entities": ["refused"]}
    assert problems(RunFolder(result.path)) == []


@pytest.mark.parametrize(("column", "value"), [("text", "It is better."), ("is_established", True)])
def test_a_changed_finding_is_named(folder, column, value):
    change(folder, "findings", {"finding": "lowest_error", "about": "random_rows"}, column, value)
    (problem,) = problems(folder)
    assert problem.where == "findings.csv"
    assert problem.what.startswith(f"{column}: 1 cell differs at ")
