"""Expected beside obtained numbers: the tolerances hold as they are written."""

from __future__ import annotations

import math
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from harness.expectations.check import check_expectations, expectations_table
from harness.spec.expectation import AnyExpectation

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
