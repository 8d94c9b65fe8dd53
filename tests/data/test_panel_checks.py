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
        {"use": "no_gaps"},
        {"use": "constant", "column": "place"},
        {"use": "monotone", "column": "x", "direction": "rising"},
        {"use": "sum", "of": ["a", "b"], "equals": 100.0, "tolerance": 0.1},
        {"use": "product", "of": ["x", "x"], "equals": "y", "relative": 1.0},
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
            "u,2012,12,3,39.95,60,north\n",
            "",
            {"use": "no_gaps"},
            "line 3 (u, 2013)",
            "1 of 2 entities have gaps; the rows behind them are listed",
        ),
        (
            "2012,15,3,20,80,south",
            "2012,15,3,20,80,north",
            {"use": "constant", "column": "place"},
            "line 6 (v, 2012)",
            "'place' changes within 1 of 2 entities: 'south', 'north' in one",
        ),
        (
            "v,2013,24,4",
            "v,2013,24,1",
            {"use": "monotone", "column": "x", "direction": "rising"},
            "line 7 (v, 2013)",
            "'x' goes the other way in 1 rows, by -2 at most",
        ),
        (
            "10,90",
            "10,80",
            {"use": "sum", "of": ["a", "b"], "equals": 100.0, "tolerance": 0.1},
            "line 5 (v, 2011)",
            "not so in 1 of 6 rows; first 90 against 100",
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


def test_units_that_break_an_identity_are_told(build_text):
    text = "id,year,y,x,co2\nu,2011,2,3,60000\nu,2012,4,5,200000\nv,2011,1,2,20000\n"
    error = broken(build_text, text, {"use": "product", "of": ["y", "x"], "equals": "co2"})
    assert error.what == (
        "not so in 3 of 3 rows; first 6 against 60000; it is 0.0001 times as large in all rows: "
        "do units differ?"
    )


def test_prepared_columns_are_checked(build_text):
    from harness.data.prepare.row_steps import Ratio

    checks = read_checks({"use": "product", "of": ["r", "x"], "equals": "y"})
    spec = DataSpec(path="panel.csv", prepare=(Ratio("r", "y", "x"),), checks=checks)
    assert build_text(TEXT, spec=spec).n_obs == 6


def test_missing_cells_are_for_others_to_tell(build_text):
    text = TEXT.replace("39.95,60", ",60")
    check = {"use": "sum", "of": ["a", "b"], "equals": 100.0, "tolerance": 0.1}
    assert build_text(text, spec=DataSpec(path="panel.csv", checks=read_checks(check))).n_obs == 6


def test_broken_rules_come_together(build_text):
    text = TEXT.replace("v,2013,24,4,30,70,south\n", "").replace(
        "v,2012,15,3,20,80,south", "v,2012,15,3,20,80,n"
    )
    error = broken(build_text, text, {"use": "balanced"}, {"use": "constant", "column": "place"})
    assert [problem.where.rpartition("(")[2] for problem in error.problems] == [
        "data.checks[0])",
        "data.checks[1])",
    ]


def test_a_column_that_is_not_there(build_text):
    error = broken(build_text, TEXT, {"use": "constant", "column": "plaec"})
    assert error.where == "panel.csv: column 'plaec' (data.checks[0])"
    assert "'place'" in error.hint
