"""What a run folder keeps, refuses and gives back, and the tables in it."""

import csv
import hashlib
import io
import os
import platform
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from harness import ArtifactError
from harness.evaluation.protocol import SAME_ENTITY
from harness.record.manifest import (
    CellRecord,
    DataRecord,
    EstimatorRecord,
    Manifest,
    ProtocolRecord,
    SpecRecord,
    StudyRecord,
)
from harness.record.migrations import FORMAT
from harness.running.files import HOLDER, MARKER, holder, locked, write_atomically
from harness.running.folder import RunFolder
from harness.study.spec.study import Variable
from harness.tables.csv_table import as_read, csv_for_readers, csv_text, from_csv
from harness.tables.registry import TABLES
from harness.tables.table import ResultTable
from small_run import SPEC, TINY, run_small
from source_files import ROOT, files

MANIFEST_OF_NOTHING = Manifest(
    manifest_version=str(FORMAT),
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
        variables={"value": Variable(label="Value", unit="dollars")},
        estimators=(EstimatorRecord("fe", "fixed_effects", "FE", {"effects": ["entity"], "tol": 1e-300}),),
        reference="fe",
        further_references=(),
        protocols=(ProtocolRecord("rows", "random_rows", "Rows", "deals rows", (SAME_ENTITY,)),),
        level=0.95,
        formats=(),
        featured=(),
    ),
    data=DataRecord("a.csv", "", "", None, False, 6, 3, 2, True, 1980, "1981"),
    spec=SpecRecord("study.yaml", "0f", ("seed=1",)),
    versions={"python": "3.11"},
    command="harness run study.yaml",
    started="2026-01-01T00:00:00+00:00",
    seconds=0.1,
    cells=(CellRecord("invest · fe", "ok", "", 0.1),),
    scenario_tables=(ResultTable("lags", ("outcome", "lag"), ("outcome",), "lags of the effect"),),
    files={},
    rules_version=1,
)


def test_a_manifest_comes_back_as_it_was(tmp_path):
    folder = RunFolder.create(tmp_path)
    folder.write_manifest(MANIFEST_OF_NOTHING)
    assert folder.manifest() == MANIFEST_OF_NOTHING
    assert folder.manifest().study.estimators[0].effects == ("entity",)


def test_tables_of_plugins_stand_beside_the_harness_own():
    (lags,) = MANIFEST_OF_NOTHING.scenario_tables
    other_gain = ResultTable("gain", ("outcome",), ("outcome",), "another")
    tables = replace(MANIFEST_OF_NOTHING, scenario_tables=(lags, other_gain)).tables
    assert tables["lags"] == lags
    assert tables["gain"] == TABLES["gain"]
    assert set(tables) == {*TABLES, "lags"}


def test_control_characters_split_no_row_and_reach_no_terminal(tmp_path):
    folder = RunFolder.create(tmp_path)
    labels = ["a\rb", "a\r\nb", "\x1b[2Jc", "nul\x00", "\u2028d", "\x9b31m", "\r=1+1", "é 碳"]
    folder.write_table("gain", pd.DataFrame({"entity\r": labels, "gain": range(len(labels))}))
    data = (tmp_path / "gain.csv").read_bytes()
    assert len(data.decode().splitlines()) == len(labels) + 1
    assert all(mark >= " " or mark == "\n" for mark in data.decode())
    back = folder.read_table("gain")
    assert back["gain"].tolist() == list(range(len(labels)))
    assert back["entity "].tolist()[:2] == ["a b", "a  b"]
    assert back["entity "].tolist()[-1] == "é 碳"


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


@pytest.mark.parametrize("below", ["run", "runs/run"])
def test_a_file_in_the_place_of_a_folder_above_is_named(tmp_path, below):
    file = tmp_path / "notes"
    file.write_text("kept")
    with pytest.raises(ArtifactError) as caught:
        RunFolder.create(file / below)
    assert caught.value.where == str(file / below / ".harness-run")
    assert caught.value.what == f"cannot be written, since {file} is a file"
    assert caught.value.hint == f"choose another folder with --out, or move {file} away"
    assert file.read_text() == "kept"


def run_in(folder, **files):
    """Write a run of these files into a folder."""
    with folder.replaced() as new:
        for name, text in files.items():
            new.write_text(name.replace("__", "/").replace("_csv", ".csv"), text)
        new.write_manifest(MANIFEST_OF_NOTHING)


def names_in(path):
    return {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()}


OF_EVERY_RUN = {".harness-run", "manifest.json", "manifest.sha256"}


def test_a_run_replaces_what_an_earlier_one_wrote_and_nothing_else(tmp_path):
    folder = RunFolder.create(tmp_path)
    run_in(folder, gain_csv="old", tables__rates_csv="old")
    (tmp_path / "notes.csv").write_text("mine")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.svg").write_text("mine")
    run_in(folder, gain_csv="new")
    assert names_in(tmp_path) == OF_EVERY_RUN | {"gain.csv", "notes.csv", "figures/mine.svg"}
    assert (tmp_path / "gain.csv").read_text() == "new"
    assert (tmp_path / "figures" / "mine.svg").read_text() == "mine"
    assert folder.manifest().files.keys() == {"gain.csv"}


def test_a_file_of_the_user_is_not_written_over(tmp_path):
    folder = RunFolder.create(tmp_path)
    run_in(folder, curves_csv="old")
    (tmp_path / "gain.csv").write_text("years of work")
    with pytest.raises(ArtifactError, match="was not written by a run") as error:
        run_in(folder, gain_csv="new", curves_csv="new")
    assert "--resume" in error.value.hint
    assert (tmp_path / "gain.csv").read_text() == "years of work"
    assert (tmp_path / "curves.csv").read_text() == "old"


@pytest.mark.parametrize("name", ["tables", "gain.csv", ".new", ".harness-files"])
def test_links_inside_a_run_folder_are_not_followed(tmp_path, name):
    home, folder = tmp_path / "home", RunFolder.create(tmp_path / "run")
    home.mkdir()
    (home / "rates.csv").write_text("years of work")
    (folder.path / name).symlink_to(home if name in {"tables", ".new"} else home / "rates.csv")
    with pytest.raises(ArtifactError, match="links inside a run folder are not followed"):
        run_in(folder, gain_csv="new", tables__rates_csv="new")
    assert {file.name: file.read_text() for file in home.iterdir()} == {"rates.csv": "years of work"}


def test_a_linked_file_is_none_of_a_run(tmp_path):
    (tmp_path / "secret").write_text("secret")
    folder = RunFolder.create(tmp_path / "run")
    (folder.path / "gain.csv").symlink_to(tmp_path / "secret")
    assert folder.files() == ()


@pytest.mark.parametrize("name", [".lock", ".running"])
def test_a_lock_that_is_a_link_is_refused(tmp_path, name):
    (tmp_path / "thesis").write_text("years of work")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).symlink_to(tmp_path / "thesis")
    with pytest.raises(ArtifactError, match="is a link"), locked(tmp_path / "run"):
        pytest.fail("the link was followed")
    assert (tmp_path / "thesis").read_text() == "years of work"


@pytest.mark.parametrize("name", ["../thesis", "/etc/passwd", "a/../../thesis", ""])
def test_a_list_that_names_files_outside_is_not_believed(tmp_path, name):
    (tmp_path / "thesis").write_text("years of work")
    folder = RunFolder.create(tmp_path / "run")
    (folder.path / ".harness-files").write_text(f"{name}\ngain.csv\n")
    assert folder.own() == {"gain.csv"}
    run_in(folder, curves_csv="new")
    assert (tmp_path / "thesis").read_text() == "years of work"


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


def flushed_by(monkeypatch, call):
    """Return the paths that a call flushes to the disk, in their order."""
    flushed = []

    def flush(descriptor, real=os.fsync):
        real(descriptor)
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    with monkeypatch.context() as recorded:
        recorded.setattr(os, "fsync", flush)
        call()
    return flushed


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which file a descriptor is of")
def test_a_file_in_new_folders_is_flushed_with_the_names_of_all(tmp_path, monkeypatch):
    path = tmp_path / "runs" / "study" / "table.csv"
    flushed = flushed_by(monkeypatch, lambda: write_atomically(path, b"a"))
    assert [one for one in flushed if one.suffix != ".tmp"] == [tmp_path, tmp_path / "runs", path.parent]
    again = flushed_by(monkeypatch, lambda: write_atomically(path, b"b"))
    assert [one for one in again if one.suffix != ".tmp"] == [path.parent]
    assert path.read_bytes() == b"b"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which file a descriptor is of")
def test_a_run_is_flushed_with_all_its_names_before_its_manifest_takes_its_place(tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path)

    def run():
        with folder.replaced() as new:
            new.write_text("tables/rates.csv", "a")
            new.write_manifest(MANIFEST_OF_NOTHING)

    places = {tmp_path, tmp_path / "tables"}
    *_, ready, made, one, other, last = (path for path in flushed_by(monkeypatch, run) if path in places)
    assert (ready, made, {one, other}, last) == (tmp_path, tmp_path, places, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which file a descriptor is of")
def test_a_writer_that_ended_is_known_where_the_system_has_no_proc(monkeypatch, tmp_path):
    read = Path.read_text

    def without_proc(self, *words, **named):
        if self.as_posix().startswith("/proc/"):
            raise FileNotFoundError(self)
        return read(self, *words, **named)

    monkeypatch.setattr(Path, "read_text", without_proc)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for pid, writer in ((child.pid, ""), (os.getpid(), f"process {os.getpid()} on {platform.node()}")):
        (tmp_path / HOLDER).write_text(f"{pid} - {platform.node()}\n", encoding="utf-8")
        assert holder(tmp_path) == writer


WRITES = re.compile(r"\.to_csv\(|csv\.(writer|DictWriter)\(")

COLUMNS = {
    "numbers": [0.1, np.nan, 1e-300, 3.0],
    "whole": [1, 2, 3, 4],
    "truth": [True, False, True, True],
    "truth_or_none": [True, None, False, True],
    "texts": ["a", "", "=1+1", "b\nc"],
    "numbers_as_texts": ["1.0", "2", "", "1e3"],
    "mixed": [1.5, "x", None, 2],
    "nothing": [None, None, None, None],
    "empty_texts": ["", "", "", ""],
    "categories": pd.Categorical(["u", "v", None, "u"]),
    "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
    "apostrophe": ["'=x", "'a", "-3", "NA"],
    "negative": ["-1.5", "-3", "2", "+4e-2"],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_in_memory_is_what_its_file_is_read_as(name):
    frame = pd.DataFrame({name: COLUMNS[name], "row": range(4)})
    pd.testing.assert_frame_equal(as_read(frame), from_csv(csv_text(frame)))


def test_a_table_without_rows_is_one_in_memory():
    frame = pd.DataFrame(columns=["a", "b"])
    assert list(as_read(frame).columns) == list(from_csv(csv_text(frame)).columns)
    assert as_read(frame).empty


# What spreadsheets run, and what is near to it.
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(f"{SIGNS}'\" \t\r\n,;|!1.eEnaif%", max_size=8) | st.integers().map(str)


def is_run(cell):
    """Whether a cell begins as OWASP's list of formulas does, and is no number."""
    try:
        float(cell.rstrip("%").replace(",", ""))
    except ValueError:
        return cell.strip()[:1] in {*SIGNS}
    return False


@settings(max_examples=40)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_no_cell_is_a_formula_and_each_is_read_back(texts):
    cells = ["text", *texts]
    written = csv_text(pd.DataFrame({"a": cells, "-b": range(len(cells))}))
    head, *rows = csv.reader(io.StringIO(written))
    assert head == ["a", "'-b"]
    for_readers = list(csv.reader(io.StringIO(csv_for_readers([cells]).removeprefix("\ufeff"))))
    for shown in (*(row[0] for row in rows), *for_readers[0]):
        assert not is_run(shown)
    back = from_csv(written)
    blanks = str.maketrans("\t\r\n", "   ")
    assert back.columns.tolist() == ["a", "-b"]
    assert back["a"].fillna("").tolist() == [cell.translate(blanks) for cell in cells]


def test_negative_numbers_keep_no_apostrophe():
    numbers = ["-1.5", "+2", "-3e-4", "-12%", "-1,234.5"]
    assert csv_text(pd.DataFrame({"a": ["x", *numbers[:3]]})).splitlines() == ["a", "x", *numbers[:3]]
    (row,) = csv.reader(io.StringIO(csv_for_readers([numbers]).removeprefix("\ufeff")))
    assert row == numbers


def test_nothing_else_writes_csv():
    """The values of a table without a file are hashed as CSV."""
    paths = [
        path for path in (*files("harness"), *files("plugins")) if WRITES.search(path.read_text("utf-8"))
    ]
    assert [path.relative_to(ROOT).as_posix() for path in paths] == [
        "harness/data/read/files.py",
        "harness/tables/csv_table.py",
    ]


@pytest.mark.parametrize("scenarios", [[], [{"use": "effect", "learners": ["curved"]}]])
def test_a_run_reads_predictions_for_tests_of_effects_alone_and_computes_tables_with_one_thread(
    tmp_path, monkeypatch, scenarios
):
    read, former_read = [], RunFolder.read_parquet
    threads, former_write = [], RunFolder.write_table

    def read_parquet(folder, name):
        read.append(name)
        return former_read(folder, name)

    def write_table(folder, name, table):
        threads.extend(library["num_threads"] for library in threadpool_info())
        return former_write(folder, name, table)

    monkeypatch.setattr(RunFolder, "read_parquet", read_parquet)
    monkeypatch.setattr(RunFolder, "write_table", write_table)
    with threadpool_limits(limits=2):
        run_small(tmp_path / "run", spec=SPEC | {"scenarios": scenarios}, overrides=TINY[1:])
    assert read == ["predictions"] * bool(scenarios)
    assert set(threads) == {1}


def test_a_packed_table_that_unpacks_to_more_than_is_read_is_refused(tmp_path, monkeypatch):
    pd.DataFrame({"x": np.zeros(10_000)}).to_parquet(tmp_path / "predictions.parquet")
    monkeypatch.setattr("harness.running.files.MOST_TABLE_BYTES", 50_000)
    with pytest.raises(ArtifactError, match="unpacks to 80,000 bytes"):
        RunFolder(tmp_path).read_parquet("predictions")


def test_who_loses_a_race_for_a_new_folder_touches_nothing_in_it(tmp_path):
    folder = tmp_path / "new"
    with RunFolder.claimed(folder) as first:
        being_written = folder / f".{MARKER}.{os.getpid() + 1}.tmp"
        being_written.touch()
        with (
            pytest.raises(ArtifactError, match=f"is in use by process {os.getpid()}"),
            RunFolder.claimed(folder),
        ):
            pytest.fail("two runs hold one folder")
        assert being_written.exists()
        assert (first.path / MARKER).exists()


def test_counts_beside_cells_that_failed_are_whole_numbers():
    frame = pd.DataFrame({"n_obs": [240.0, np.nan], "n_eff": [1.5, np.nan], "mse": [2.0, np.nan]})
    assert csv_text(frame) == "n_obs,n_eff,mse\n240,1.5,2.0\n,,\n"
