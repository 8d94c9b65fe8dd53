"""What a run folder keeps, refuses and gives back."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pandas as pd
import pytest

from harness import ArtifactError
from harness.evaluation.fold import SAME_ENTITY
from harness.evaluation.universe import Universe
from harness.store.folder import MANIFEST, RunFolder
from harness.store.lock import locked
from harness.store.manifest import CellRecord, DataRecord, Manifest, MultiverseRecord, SpecRecord
from harness.store.study_record import EstimatorRecord, ProtocolRecord, StudyRecord, VariableRecord
from harness.tables import ResultTable

MANIFEST_OF_NOTHING = Manifest(
    manifest_version=1,
    study=StudyRecord(
        id="none",
        title="碳排放",
        description="",
        seed=1,
        quick=False,
        entity="firm",
        time="year",
        outcomes=("invest",),
        exposure="value",
        moderators=(),
        controls=(),
        variables={"value": VariableRecord("Value", "dollars")},
        estimators=(EstimatorRecord("fe", "fixed_effects", "FE", {"effects": ["entity"], "tol": 1e-300}),),
        reference="fe",
        further_references=(),
        protocols=(ProtocolRecord("rows", "random_rows", "Rows", "deals rows", (SAME_ENTITY,)),),
        level=0.95,
        draws=10,
        formats=(),
        featured=(),
    ),
    data=DataRecord("a.csv", "", "", None, False, 6, 3, 2, True, 1980, "1981"),
    multiverse=MultiverseRecord(("fe",), (Universe("fe (seed 1)", "fe", {"seed": "1"}),)),
    spec=SpecRecord("study.yaml", "0f", ("seed=1",)),
    versions={"python": "3.11"},
    command="harness run study.yaml",
    started="2026-01-01T00:00:00+00:00",
    seconds=0.1,
    cells=(CellRecord("invest · fe", "ok", "", 0.1),),
    scenario_tables=(ResultTable("lags", ("outcome", "lag"), ("outcome",), "lags of the effect"),),
    files={},
)


def test_a_manifest_comes_back_as_it_was(tmp_path):
    folder = RunFolder.create(tmp_path)
    folder.write_manifest(MANIFEST_OF_NOTHING)
    assert folder.manifest() == MANIFEST_OF_NOTHING
    assert folder.manifest().study.estimators[0].effects == ("entity",)


def test_tables_come_back_as_they_were(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    frame = pd.DataFrame(
        {
            "variable": ["=1+1", "@SUM(A1)", "-x", "NA", "碳排放", "plain"],
            "estimate": [0.1, -1.5, np.pi, 1e-300, np.nan, 1 / 3],
        }
    )
    folder.write_table("summary", frame)
    text = (tmp_path / "run" / "summary.csv").read_text(encoding="utf-8")
    assert "'=1+1" in text
    assert "'@SUM(A1)" in text
    assert "\n'-x,3.14" in text
    assert ",-1.5" in text
    back = folder.read_table("summary")
    assert back["variable"].tolist() == frame["variable"].tolist()
    np.testing.assert_array_equal(back["estimate"], frame["estimate"])


def test_the_manifest_hashes_every_reported_file(tmp_path):
    folder = RunFolder.create(tmp_path)
    folder.write_text("report.html", "<p>")
    folder.write_bytes("figures/a.png", b"png")
    folder.write_manifest(MANIFEST_OF_NOTHING)
    assert folder.manifest().files == {
        "figures/a.png": hashlib.sha256(b"png").hexdigest(),
        "report.html": hashlib.sha256(b"<p>").hexdigest(),
    }
    assert RunFolder.open(tmp_path) == folder


def test_a_folder_that_no_run_wrote_is_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ArtifactError, match="holds files that no run wrote"):
        RunFolder.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="is a file"):
        RunFolder.create(tmp_path / "file")


def test_clearing_removes_reports_and_keeps_strangers(tmp_path):
    folder = RunFolder.create(tmp_path)
    folder.write_text("report.html", "<p>")
    folder.write_manifest(MANIFEST_OF_NOTHING)
    (tmp_path / "notes.md").write_text("mine")
    folder.clear()
    assert (tmp_path / "notes.md").is_file()
    assert not (tmp_path / MANIFEST).exists()
    assert not (tmp_path / "report.html").exists()
    with pytest.raises(ArtifactError, match="not the folder of a finished run"):
        RunFolder.open(tmp_path)


def test_two_runs_cannot_hold_one_folder(tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(ArtifactError, match=f"is in use by process {os.getpid()}"),
        locked(tmp_path),
    ):
        pytest.fail("the folder was locked twice")


def test_a_folder_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        1 / 0  # noqa: B018 - raises
    entered = False
    with locked(tmp_path):
        entered = True
    assert entered


def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError) as error:
        RunFolder.create(tmp_path / "file" / "run")
    assert "cannot be written" in error.value.what
    assert "--out" in error.value.hint
