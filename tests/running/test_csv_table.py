"""A table in memory is what its file is read as, whatever its cells; no cell is a formula."""

import csv
import hashlib
import io
import json
import re
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from harness import ArtifactError
from harness.record import manifest
from harness.record.manifest import FORMAT, Manifest
from harness.running.csv_table import as_read, csv_for_readers, csv_text, from_csv
from harness.running.folder import RunFolder
from harness.tables.registry import PARQUET_TABLES, TABLES
from small_run import SPEC, TINY, run_small
from source_files import ROOT, files

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
        "harness/running/csv_table.py",
    ]


# SHA-256 of what each format holds: keys of the manifest, tables and their columns.
FORMATS = {
    2: "6f067758ccfb09c0d5e1252aa78a4de0676354317e888f0138055884db2df633",
    3: "c57161e779e4a70fb11ddf026fc85b18a126ac06c01ae69f0d55ffa0d86298af",
    4: "d10d03b216eda346837f0f5102ab22272f1f2c3f5760eed03194b76fc2612efe",
    5: "99c1db81f8cf05a07d4fafff322529fe5d727263532a15fb8bd904380e6c1436",
    6: "81d2b926cabe7229cbdc7e1cd7a3576397e70cd7072bca379450073a1475d7b5",
    7: "0e64263abc69c9198a0d867e49a3e57d10906bfc5c84639b231bb912a283250f",
    8: "fdc19b141d521e264743fe1b277ae2f8167c308953c77b61ad16836a3b69f1b8",
    9: "973e1271f03e1a9894558bf66c54785bf7427f90150a08ad256fd12ad6512778",
    10: "f47add5efcbfef89caa3bf7743204ab4cb7969ff44bef73db07c6957b0d969c2",
    11: "5c7b41e38e4eb5aea5117709a2b284fc746f6ebb819ae52e7886fb4de0b9d079",
    12: "60ca0dae60552d673c7d6862d4cdbc3aeeff12b8ade7766491af8f0eda76098d",
}


@pytest.mark.parametrize("version", [1, FORMAT + 1, "two", None])
def test_a_folder_of_another_format_is_refused_with_both_versions(version):
    with pytest.raises(ArtifactError) as raised:
        Manifest.from_json(json.dumps({"manifest_version": version}))
    (problem,) = raised.value.problems
    assert repr(version) in problem.what
    assert f"format {FORMAT}" in problem.expected
    assert "run the study again" in problem.hint


def test_a_manifest_that_is_damaged_otherwise_names_the_damage():
    for text in ("", "[]", "{}", json.dumps({"manifest_version": FORMAT})):
        with pytest.raises(ArtifactError, match=r"manifest\.json"):
            Manifest.from_json(text)


def test_the_format_is_raised_with_what_it_holds():
    tables = sorted(
        [table.name, table.columns, table.key, table.suffix] for table in (*TABLES.values(), *PARQUET_TABLES)
    )
    records = {
        name: [[one.name, one.type] for one in fields(record)]
        for module in (manifest,)
        for name, record in vars(module).items()
        if is_dataclass(record) and record.__module__ == module.__name__
    }
    held = json.dumps([tables, records], sort_keys=True)
    assert hashlib.sha256(held.encode()).hexdigest() == FORMATS[FORMAT], "raise FORMAT, run store_format.py"


@pytest.mark.parametrize("scenarios", [[], [{"use": "effect", "learners": ["curved"]}]])
def test_predictions_are_read_back_where_tests_of_effects_look_at_them_alone(
    tmp_path, monkeypatch, scenarios
):
    read, own = [], RunFolder.read_parquet

    def noted(folder, name):
        read.append(name)
        return own(folder, name)

    monkeypatch.setattr(RunFolder, "read_parquet", noted)
    run_small(tmp_path / "run", spec=SPEC | {"scenarios": scenarios}, overrides=TINY[1:])
    assert read == ["predictions"] * bool(scenarios)


def test_no_table_depends_on_how_many_threads_the_libraries_have(tmp_path, monkeypatch):
    threads, own = [], RunFolder.write_table

    def noted(folder, name, table):
        threads.extend(library["num_threads"] for library in threadpool_info())
        return own(folder, name, table)

    monkeypatch.setattr(RunFolder, "write_table", noted)
    with threadpool_limits(limits=2):
        run_small(tmp_path / "run", spec=SPEC | {"scenarios": []}, overrides=TINY[1:])
    assert set(threads) == {1}


def test_a_packed_table_that_unpacks_to_more_than_is_read_is_refused(tmp_path, monkeypatch):
    pd.DataFrame({"x": np.zeros(10_000)}).to_parquet(tmp_path / "predictions.parquet")
    monkeypatch.setattr("harness.running.files.MOST_TABLE_BYTES", 50_000)
    with pytest.raises(ArtifactError, match="unpacks to 80,000 bytes"):
        RunFolder(tmp_path).read_parquet("predictions")
