"""A table in memory is what its file is read as, whatever its cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.running.csv_table import as_read, csv_text, from_csv

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
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_in_memory_is_what_its_file_is_read_as(name):
    frame = pd.DataFrame({name: COLUMNS[name], "row": range(4)})
    pd.testing.assert_frame_equal(as_read(frame), from_csv(csv_text(frame)))


def test_a_table_without_rows_is_one_in_memory():
    frame = pd.DataFrame(columns=["a", "b"])
    assert list(as_read(frame).columns) == list(from_csv(csv_text(frame)).columns)
    assert as_read(frame).empty
