"""The one cell that an expectation names, or why there is none, and whether its number is reproduced."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from harness.study.expectations.cell import check_expectations, expectations_table, find_cell
from harness.study.expectations.expectation import AnyExpectation

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


def test_an_empty_cell_and_an_empty_table():
    frame = FRAME.assign(status="ok")
    assert find_cell(frame, {"estimator": "twfe"}, "estimate").reason == "the cell is empty"
    assert "no such table" in find_cell(pd.DataFrame(), {"estimator": "ols"}, "estimate").reason


READ = TypeAdapter(AnyExpectation)


def check(held, **how):
    expectation = READ.validate_python(
        {"table": "gain", "where": {"estimator": "fe"}, "column": "gain", "from": "run"} | how
    )
    frame = pd.DataFrame({"estimator": ["fe"], "gain": [held], "status": ["ok"], "reason": [""]})
    (found,) = check_expectations([expectation], {"gain": frame}.__getitem__)
    return found


@pytest.mark.parametrize(
    ("held", "how", "status"),
    [
        (0.1155, {"value": 0.116, "digits": 3}, "reproduced"),
        (0.11549, {"value": 0.116, "digits": 3}, "differs"),
        (924.0, {"value": 920.0, "digits": -1}, "reproduced"),
        (926.0, {"value": 920.0, "digits": -1}, "differs"),
        (-0.3, {"value": 0.3, "digits": 1}, "differs"),
        (1.01, {"value": 1.0, "absolute": 0.01}, "reproduced"),
        (1.0101, {"value": 1.0, "absolute": 0.01}, "differs"),
        (-202.0, {"value": -200.0, "relative": 0.01}, "reproduced"),
        (-202.1, {"value": -200.0, "relative": 0.01}, "differs"),
        (104.0, {"value": 104.0, "absolute": 0.0}, "reproduced"),
        (math.inf, {"value": 1.0, "absolute": 5.0}, "differs"),
        (math.nan, {"value": 1.0, "absolute": 5.0}, "missing"),
        ("refused", {"value": "refused"}, "reproduced"),
        ("ok", {"value": "refused"}, "differs"),
        ("refused", {"value": 1.0, "digits": 1}, "differs"),
        (1.0, {"value": "refused"}, "differs"),
    ],
)
def test_how_a_number_stands(held, how, status):
    found = check(held, **how)
    assert found.status == status
    assert (found.reason == "") == (status == "reproduced")


@given(st.decimals(min_value=-1000, max_value=1000, places=6), st.integers(0, 5))
def test_a_number_reproduces_what_it_rounds_to(number, digits):
    printed = number.quantize(Decimal(1).scaleb(-digits))
    assert check(float(number), value=float(printed), digits=digits).status == "reproduced"
    unit = Decimal(1).scaleb(-digits)
    assert check(float(number + 2 * unit), value=float(printed), digits=digits).status == "differs"


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.floats(-1e3, 1e3))
def test_a_wider_tolerance_never_makes_a_number_differ(value, tolerance, off):
    narrow, wide = (
        check(value + off, value=value, absolute=one).status for one in (tolerance, 2 * tolerance)
    )
    assert (narrow, wide) != ("reproduced", "differs")


def test_the_table_tells_all_of_it():
    found = check(0.25, value=0.2, digits=1, source="Table 1", reason="as printed", **{"from": "publication"})
    row = expectations_table([found]).iloc[0].to_dict()
    assert row == {
        "table": "gain",
        "where": "estimator=fe",
        "column": "gain",
        "expected": "0.2",
        "obtained": 0.25,
        "difference": pytest.approx(0.05),
        "tolerance": pytest.approx(0.05),
        "origin": "publication",
        "source": "Table 1",
        "status": "reproduced",
        "reason": "",
        "note": "as printed",
        "digits": 1,
    }
