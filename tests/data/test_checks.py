"""Rules of columns and of rows, held and broken, with the rows and numbers of the message."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from harness.data.build import PanelBuilder
from harness.data.checks import rule_problems
from harness.data.data_spec import DataSpec
from harness.data.messages import RowLocator
from harness.data.roles import Roles
from harness.data.rules import ColumnRule, PanelCheck
from harness.data.user_schema import CHECKS, read_user_schema
from harness.errors import DataError

FRAME = pd.DataFrame(
    {
        "id": ["a", "a", "b"],
        "year": [2011, 2012, 2011],
        "share": [0.5, 1.5, -0.5],
        "gap": [1.0, np.nan, 2.0],
        "whole": [1, 2, 3],
        "half": [1.0, 2.5, 3.0],
        "truth": [True, False, True],
        "dummy": [0.0, 1.0, 2.0],
        "text": ["u", "v", None],
        "mixed": pd.Series([1, "u", 2.5], dtype=object),
    }
)


def broken_rules(column, rule):
    locator, missing = RowLocator("panel.csv", FRAME, "id", "year"), frozenset(("", "NA"))
    return list(rule_problems(FRAME[column], rule, missing, name=column, locator=locator))


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("share", ColumnRule("number", -0.5, 1.5)),
        ("whole", ColumnRule("integer", allowed=(1, 2, 3))),
        ("mixed", ColumnRule(allowed=(1, "u", 2.5))),
    ],
)
def test_rules_of_a_column_that_hold(column, rule):
    assert broken_rules(column, rule) == []


@pytest.mark.parametrize(
    ("column", "rule", "where", "what", "allowed"),
    [
        ("share", ColumnRule("number", min=0), "row 2 (b, 2011)", "are below 0: '-0.5'", "at least 0"),
        ("dummy", ColumnRule("boolean"), "row 2 (b, 2011)", "are neither true nor false: '2.0'", "1 and 0"),
        ("mixed", ColumnRule("text"), "rows 0 (a, 2011), 2 (b, 2011)", "are no text: '1', '2.5'", "text"),
        ("gap", ColumnRule("number"), "row 1 (a, 2012)", "1 of 3 cells are missing", "no missing cell"),
    ],
)
def test_rules_of_a_column_that_are_broken(column, rule, where, what, allowed):
    [problem] = broken_rules(column, rule)
    assert f"panel.csv: column '{column}', {where}" in problem.where
    assert what in problem.what
    assert allowed in problem.expected
    assert problem.hint


@pytest.mark.parametrize(
    ("median", "unit", "what", "hint"),
    [
        ((0.4, 0.6), "", None, None),
        (
            (400, 700),
            "kg",
            "the median is 0.5 (kg), 0.000945 times the middle of the range stated",
            "the numbers seem 1,000 times too small (data: scale: {share: 1000}); where they are right",
        ),
        ((2, 4), "yuan", None, "the numbers seem in dollars, 6.5 yuan each (data: scale: {share: 6.5});"),
        ((2, 4), "km", None, "scale the column (data: scale); where they are right, correct the range"),
        ((-20, -10), "°C", "the median is 0.5 (°C)", "scale the column"),
    ],
)
def test_a_median_outside_its_range_is_told_with_the_unit_that_explains_it(median, unit, what, hint):
    problems = broken_rules("share", ColumnRule("number", unit=unit, median=median))
    assert len(problems) == (hint is not None)
    for problem in problems:
        assert problem.where == "panel.csv: column 'share' (data.schema.share)"
        assert what in (None, problem.what)
        assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"type": "text", "median": (1, 2)}, "min, max and median are for numbers, not for text"),
        ({"median": (2, 1)}, "median begins at 2, which is not below its end 1"),
    ],
)
def test_ranges_of_medians_that_say_nothing_are_refused(rule, message):
    with pytest.raises(ValueError, match=message):
        ColumnRule(**rule)


def test_all_columns_that_are_not_there_are_one_problem(build_text):
    rules = {name: ColumnRule() for name in ("Place", "gdp", "y", "fdi")}
    with pytest.raises(DataError) as caught:
        build_text(TEXT, spec=DataSpec(path="panel.csv", schema=rules, checks=read_checks(GDP_AT_MOST)))
    (problem,) = caught.value.problems
    assert problem.where == "panel.csv: 3 columns"
    assert problem.what == (
        "there are no such columns: 'Place' (data.schema.Place), 'gdp' (data.schema.gdp), "
        "'fdi' (data.schema.fdi)"
    )
    assert problem.hint.startswith("'Place': did you mean 'place'?; correct the name, rename")


GDP_AT_MOST = {"use": "at_most", "column": "gdp", "other": "y"}

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


ROLES = Roles(entity="id", time="year", outcomes=("y",), exposure="x")
SCHEMA_TEXT = (
    "id,year,y,x,place\nu,2011,1.5,2,north\nu,2012,2.5,3,north\nv,2011,3.5,4,south\nv,2012,4.5,5,south\n"
)


def written(**columns):
    return {"schema_type": "dataframe", "version": "0.35.0", "columns": columns}


def build(read_bytes, values, text=SCHEMA_TEXT):
    table = read_bytes(text.encode())
    schema = read_user_schema(values, "rules.yaml")
    return PanelBuilder.build(table, DataSpec(path="panel.csv"), ROLES, user_schema=schema)


def test_a_schema_as_pandera_writes_it(read_bytes):
    pytest.importorskip("yaml")
    schema = pa.DataFrameSchema(
        {
            "year": pa.Column("int64", pa.Check.in_range(2000, 2020)),
            "y": pa.Column("float64", [pa.Check.gt(0), pa.Check.le(10)]),
            "place": pa.Column("str", pa.Check.isin(["north", "south"])),
        },
        unique=["id", "year"],
    )
    values = YAML(typ="safe", pure=True).load(schema.to_yaml())
    assert build(read_bytes, values).n_obs == 4
    frame = read_bytes(SCHEMA_TEXT.replace("4.5", "14.5").replace("south", "west").encode()).frame
    with pytest.raises(pa.errors.SchemaErrors) as theirs:
        pa.DataFrameSchema.from_yaml(schema.to_yaml()).validate(frame.reset_index(drop=True), lazy=True)
    with pytest.raises(DataError) as ours:
        build(read_bytes, values, SCHEMA_TEXT.replace("4.5", "14.5").replace("south", "west"))
    failed = theirs.value.failure_cases
    assert len(ours.value.problems) == failed[["column", "check"]].drop_duplicates().shape[0]
    assert {problem.where.split("'")[1] for problem in ours.value.problems} == set(failed["column"])


@pytest.mark.parametrize(
    ("column", "entry", "where", "what"),
    [
        ("y", {"checks": {"greater_than": 2}}, "line 2 (u, 2011)", "1 of 4 cells fail: '1.5'"),
        ("x", {"unique": True, "checks": {"less_than": 5}}, "line 5 (v, 2012)", "1 of 4 cells fail: '5'"),
    ],
)
def test_broken_rules(read_bytes, column, entry, where, what):
    with pytest.raises(DataError) as caught:
        build(read_bytes, written(**{column: entry}))
    assert f"column '{column}'" in caught.value.where
    assert where in caught.value.where
    assert caught.value.where.endswith("(rules.yaml)")
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (written(y={"checks": {"__init__": 1}}), "the check '__init__' is not taken"),
        (written(y={"checks": {"str_matches": "(a+)+$"}}), "the check 'str_matches' is not taken"),
        (written(y={"parsers": ["os.system"]}), "unknown key 'parsers'"),
        ({**written(y={}), "checks": {"isin": [1]}}, "is not taken"),
        ({"columns": [1]}, "is no mapping of columns"),
    ],
)
def test_what_is_not_taken(values, what):
    with pytest.raises(DataError) as caught:
        read_user_schema(values, "rules.yaml")
    assert what in caught.value.what
    assert caught.value.where.startswith("rules.yaml")


def test_options_of_a_check_set_nothing_on_it(read_bytes):
    """pandera's own reader would set any attribute of the check to what stands under options."""
    check = {
        "min_value": 100,
        "options": {"check_name": "greater_than", "raise_warning": True, "_check_fn": "x"},
    }
    with pytest.raises(DataError, match="4 of 4 cells fail"):
        build(read_bytes, written(y={"checks": [check]}))


def test_every_check_that_is_taken_is_one_of_pandera():
    assert all(callable(getattr(pa.Check, name)) for name in CHECKS)
