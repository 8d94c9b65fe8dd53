"""The one cell that is asked for, or why there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.expectations.cell import find_cell

FRAME = pd.DataFrame(
    {
        "estimator": ["ols", "ols", "fe", "fe", "twfe"],
        "term": ["const", "educ", "educ", "union", None],
        "at": [0.1, 0.2, 0.1 + 0.2, 1.0, np.nan],
        "supported": [True, False, True, True, False],
        "estimate": [1.5, 0.1, 0.2, 0.3, np.nan],
        "status": ["ok", "ok", "ok", "ok", "refused"],
        "reason": ["", "", "", "", "educ never varies"],
    }
)


@pytest.mark.parametrize(
    ("where", "column", "value"),
    [
        ({"estimator": "ols", "term": "educ"}, "estimate", 0.1),
        ({"at": 0.3}, "estimate", 0.2),
        ({"at": 1}, "term", "union"),
        ({"estimator": "ols", "supported": False}, "estimate", 0.1),
        ({"estimator": "twfe"}, "status", "refused"),
        ({"estimator": "ols", "term": "educ"}, "supported", "False"),
    ],
    ids=[
        "texts",
        "a number to its last bits",
        "a whole number",
        "a truth",
        "a status",
        "a cell with a truth",
    ],
)
def test_a_cell_is_found(where, column, value):
    found = find_cell(FRAME, where, column)
    assert (found.value, found.reason) == (value, "")


@pytest.mark.parametrize(
    ("where", "column", "words"),
    [
        (
            {"estimator": "ols", "term": "eduk"},
            "estimate",
            ["no such row", "nearest: estimator=ols, term=educ;"],
        ),
        ({"estimator": "fe"}, "estimate", ["2 such rows: term=educ; term=union"]),
        ({"estimator": "twfe"}, "estimate", ["refused: educ never varies"]),
        ({"estimator": "twfe", "term": "educ"}, "estimate", ["no such row"]),
        ({"estimator": "ols", "trem": "educ"}, "estimate", ["no column trem", "estimator, term"]),
        ({"estimator": "ols", "term": "educ"}, "std_error", ["no column std_error"]),
    ],
    ids=["no row", "several rows", "a refused cell", "a row of it", "no such key", "no such column"],
)
def test_why_there_is_none(where, column, words):
    found = find_cell(FRAME, where, column)
    assert found.value is None
    for word in words:
        assert word in found.reason


def test_the_reason_of_the_nearest_row_is_told():
    rows = FRAME[FRAME["estimator"] == "twfe"]
    assert (
        "(refused: educ never varies)"
        in find_cell(rows, {"estimator": "twfe", "term": "x"}, "estimate").reason
    )


def test_an_empty_cell_and_an_empty_table():
    frame = FRAME.assign(status="ok")
    assert find_cell(frame, {"estimator": "twfe"}, "estimate").reason == "the cell is empty"
    assert "no such table" in find_cell(pd.DataFrame(), {"estimator": "ols"}, "estimate").reason
