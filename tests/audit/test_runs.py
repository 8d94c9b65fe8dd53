"""Two runs are compared: what was asked, and what was found."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness import ArtifactError
from harness.audit.runs import ValueDifference, compare_runs
from harness.audit.table_difference import Tolerance
from harness.running.folder import RunFolder
from small_run import SPEC, copy_of, exit_code, run_small


def compared(a, b, *, rtol=1e-8, atol=1e-12):
    return compare_runs(RunFolder.open(a.path), RunFolder.open(b.path), tolerance=Tolerance(rtol, atol))


@pytest.fixture(scope="module")
def other_run(tmp_path_factory):
    """The small study with another seed and without curves."""
    spec = {key: value for key, value in SPEC.items() if key != "multiverse"} | {"scenarios": []}
    return run_small(tmp_path_factory.mktemp("other") / "run", spec=spec, overrides=["seed=8"])


@pytest.fixture
def folder(small_run, tmp_path):
    return RunFolder(copy_of(small_run, tmp_path / "run"))


def test_a_run_equals_itself(small_run):
    found = compared(small_run, small_run)
    assert found.found_the_same
    assert not any(found.requested.values())
    assert found.n_tables > 15


def test_a_run_is_repeated_by_its_command_to_the_same_numbers(small_run, tmp_path, monkeypatch):
    """The recorded command works on the spec and the data that the folder keeps."""
    from harness.cli import main

    command = RunFolder.open(small_run.path).manifest().command.split()
    monkeypatch.setattr("sys.argv", [*command, "--out", str(tmp_path / "again"), "--jobs", "1"])
    main()
    found = compare_runs(
        RunFolder.open(small_run.path), RunFolder.open(tmp_path / "again"), tolerance=Tolerance(0, 0)
    )
    assert found.found_the_same
    assert not any(found.requested[part] for part in ("spec", "data", "settings"))


def test_what_was_asked_otherwise_is_named_by_path(small_run, other_run):
    found = compared(small_run, other_run)
    assert ValueDifference("seed", "7", "8") in found.requested["spec"]
    assert [one.path for one in found.requested["spec"]] == ["seed", "multiverse", "scenarios[curve]"]
    assert found.requested["data"] == ()


def test_tables_and_cells_of_one_run_alone_are_named(small_run, other_run):
    found = compared(small_run, other_run)
    assert ValueDifference("curves.csv", '"there"', None) in found.found["files"]
    assert ValueDifference("invest · ols · curve", '"ok"', None) in found.found["cells"]
    assert not found.found_the_same


def test_numbers_beyond_the_tolerance_are_found(small_run, other_run):
    found = compared(small_run, other_run)
    gain = next(one for one in found.tables if one.table == "gain.csv")
    assert "conf_low" in [column.column for column in gain.columns]
    assert "accuracy.csv" in [one.table for one in found.tables]
    wide = compared(small_run, other_run, rtol=1e6, atol=1e6)
    names = [one.table for one in wide.tables]
    assert "accuracy.csv" not in names
    # Another seed deals other rows into folds, and no tolerance makes rows the same.
    assert "predictions.parquet" in names


def test_other_versions_do_not_make_other_findings(small_run, folder):
    content = folder.manifest()
    folder.write_manifest(replace(content, versions={**content.versions, "numpy": "0.1"}))
    found = compare_runs(RunFolder.open(small_run.path), folder, tolerance=Tolerance())
    assert [(one.path, one.b) for one in found.requested["versions"]] == [("numpy", '"0.1"')]
    assert found.found_the_same


def test_the_command_says_in_words_what_differs(small_run, other_run, monkeypatch, capsys):
    assert exit_code(monkeypatch, "compare", str(small_run.path), str(small_run.path)) == 0
    assert "the runs found the same" in capsys.readouterr().out
    assert exit_code(monkeypatch, "compare", str(small_run.path), str(other_run.path)) == 1
    printed = capsys.readouterr().out
    assert "  seed: A 7, B 8\n" in printed
    assert '  curves.csv: A "there", B nothing\n' in printed
    assert "gain.csv (" in printed
    assert "outcome=invest, estimator=curved" in printed


def test_the_command_prints_json(small_run, other_run, monkeypatch, capsys):
    words = ("compare", str(small_run.path), str(other_run.path), "--json", "--rtol", "0.5")
    assert exit_code(monkeypatch, *words) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["found_the_same"] is False
    assert printed["spec"][0] == {"path": "seed", "a": "7", "b": "8"}
    assert {"table", "n_matched", "only_a", "columns"} <= set(printed["tables"][0])


def test_a_damaged_table_is_no_traceback(small_run, folder):
    (folder.path / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(ArtifactError, match=r"predictions\.parquet: is damaged"):
        compare_runs(RunFolder.open(small_run.path), folder, tolerance=Tolerance())
