"""Rules that rows satisfy together, each held and broken, with the rows and numbers of the message."""

import pytest
from pydantic import TypeAdapter

from harness.data.data_spec import DataSpec
from harness.data.rules import PanelCheck
from harness.errors import DataError

TEXT = """id,year,y,x,a,b,place
u,2011,6,2,40,60,north
u,2012,12,3,39.95,60,north
u,2013,20,4,40,60,north
v,2011,8,2,10,90,south
v,2012,15,3,20,80,south
v,2013,24,4,30,70,south
"""


def read_checks(*written):
    return tuple(TypeAdapter(PanelCheck).validate_python(check) for check in written)


def broken(build_text, text, *checks):
    with pytest.raises(DataError) as caught:
        build_text(text, spec=DataSpec(path="panel.csv", checks=read_checks(*checks)))
    return caught.value


@pytest.mark.parametrize(
    "check",
    [
        {"use": "balanced"},
        {"use": "constant", "column": "place"},
        {"use": "sum", "of": ["a", "b"], "equals": 100.0, "tolerance": 0.1},
        {"use": "at_most", "column": "x", "other": "y"},
    ],
    ids=lambda check: check["use"],
)
def test_rules_that_hold(build_text, check):
    builder = build_text(TEXT, spec=DataSpec(path="panel.csv", checks=read_checks(check)))
    assert builder.n_obs == 6


@pytest.mark.parametrize(
    ("old", "new", "check", "rows", "what"),
    [
        (
            "v,2013,24,4,30,70,south\n",
            "",
            {"use": "balanced"},
            "lines 5 (v, 2011), 6 (v, 2012)",
            "1 of 2 entities have fewer than 3 periods, down to 2",
        ),
        (
            "2012,15,3,20,80,south",
            "2012,15,3,20,80,north",
            {"use": "constant", "column": "place"},
            "line 6 (v, 2012)",
            "'place' changes within 1 of 2 entities: 'south', 'north' in one",
        ),
        (
            "u,2011,6,2",
            "u,2011,6,7",
            {"use": "at_most", "column": "x", "other": "y"},
            "line 2 (u, 2011)",
            "not so in 1 of 6 rows; first 7 against 6",
        ),
    ],
    ids=lambda value: value["use"] if isinstance(value, dict) else "",
)
def test_rules_that_are_broken(build_text, old, new, check, rows, what):
    error = broken(build_text, TEXT.replace(old, new), check)
    assert error.where == f"panel.csv: {rows} (data.checks[0])"
    assert error.what == what
    assert error.hint
