"""A table in memory is what its file is read as, whatever its cells; no cell is a formula."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.running.csv_table import as_read, csv_for_readers, csv_text, from_csv
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
