"""Spec and data of a finished run are found where they lay, or asked for with what helps."""

import shutil

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

import harness
from harness.cli import cli
from harness.errors import ArtifactError
from small_run import grunfeld

SPEC = {
    "spec_version": 1,
    "study": "own",
    "data": {"path": "rows.csv"},
    "roles": {"entity": "firm", "time": "year", "outcomes": ["invest"], "exposure": "value"},
    "estimators": [{"id": "ols", "use": "pooled_ols"}],
    "evaluation": {"reference": "ols", "protocols": ["in_sample"]},
    "report": {"formats": []},
}


@pytest.fixture
def study(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    grunfeld().reset_index().to_csv(home / "rows.csv", index=False)
    (home / "own.yaml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    harness.run(home / "own.yaml", out=tmp_path / "run", quick=True, progress=False)
    return tmp_path


def export(folder, *words):
    asked = ["export", str(folder / "run"), "--to", "stata", "--out", str(folder / "out"), *map(str, words)]
    return CliRunner().invoke(cli, asked, catch_exceptions=False)


def test_data_beside_the_spec_are_found(study):
    said = export(study)
    assert said.exit_code == 0
    assert len(pd.read_csv(study / "out" / "rows_invest.csv")) == 220


def test_what_was_moved_is_asked_for_and_found_where_it_is_said_to_lie(study):
    moved = study / "moved"
    shutil.move(study / "home", moved)
    with pytest.raises(ArtifactError) as raised:
        export(study)
    (problem,) = raised.value.problems
    assert "own.yaml" in problem.what
    assert problem.hint == "name the spec beside its data with --spec, or the data file with --data"
    assert export(study, "--spec", moved / "own.yaml").exit_code == 0
    assert export(study, "--data", moved / "rows.csv").exit_code == 0
    with pytest.raises(ArtifactError, match="is no file"):
        export(study, "--spec", study / "no.yaml")


def test_a_changed_spec_and_changed_data_are_refused(study):
    spec, rows = study / "home" / "own.yaml", study / "home" / "rows.csv"
    kept = spec.read_text(encoding="utf-8")
    spec.write_text(kept + "# changed\n", encoding="utf-8")
    with pytest.raises(ArtifactError, match="was changed since the run"):
        export(study)
    spec.write_text(kept, encoding="utf-8")
    rows.write_text(rows.read_text(encoding="utf-8").replace("1935", "1934"), encoding="utf-8")
    with pytest.raises(ArtifactError, match="are not those of the run"):
        export(study)
