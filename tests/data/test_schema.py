"""Schemas of a spec and of pandera's files, met and failed."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from ruamel.yaml import YAML

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.messages import RowLocator
from harness.data.rules import ColumnSchema
from harness.data.schema import CHECKS, inline_schema, read_file_schema, schema_problems
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
    locator, schema = RowLocator("panel.csv", FRAME, "id", "year"), inline_schema({column: rule}, ())
    return list(schema_problems(schema, {column: FRAME[column]}, locator))


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("share", ColumnSchema("number", -0.5, 1.5)),
        ("whole", ColumnSchema("integer", allowed=(1, 2, 3))),
        ("mixed", ColumnSchema(allowed=(1, "u", 2.5))),
    ],
)
def test_rules_of_a_column_that_hold(column, rule):
    assert broken_rules(column, rule) == []


@pytest.mark.parametrize(
    ("column", "rule", "where", "what", "allowed"),
    [
        ("share", ColumnSchema("number", min=0), "row 2 (b, 2011)", "are below 0: '-0.5'", "at least 0"),
        ("dummy", ColumnSchema("boolean"), "row 2 (b, 2011)", "are neither true nor false: '2.0'", "1 and 0"),
        ("mixed", ColumnSchema("text"), "rows 0 (a, 2011), 2 (b, 2011)", "are no text: '1', '2.5'", "text"),
        ("gap", ColumnSchema("number"), "row 1 (a, 2012)", "1 of 3 cells are missing", "no missing cell"),
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
    ],
)
def test_a_median_outside_its_range_is_told_with_the_unit_that_explains_it(median, unit, what, hint):
    problems = broken_rules("share", ColumnSchema("number", unit=unit, median=median))
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
        ColumnSchema(**rule)


RULED_ROLES = Roles(entity="id", time="year", outcomes=("y",), exposure="x")
SCHEMA_TEXT = (
    "id,year,y,x,place\nu,2011,1.5,2,north\nu,2012,2.5,3,north\nv,2011,3.5,4,south\nv,2012,4.5,5,south\n"
)


def written(**columns):
    return {"schema_type": "dataframe", "version": "0.35.0", "columns": columns}


def build(read_bytes, values, text=SCHEMA_TEXT):
    table = read_bytes(text.encode())
    schema = read_file_schema(values, "rules.yaml")
    return PanelBuilder.build(table, DataSpec(path="panel.csv"), RULED_ROLES, file_schema=schema)


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
    assert caught.value.where.endswith(f"(rules.yaml: columns.{column})")
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("values", "where", "what", "expected"),
    [
        (written(z={}), "column 'z' (rules.yaml: columns.z)", "there is no such column", ""),
        (
            written(place={"checks": {"greater_than": 2}}),
            "column 'place' (rules.yaml: columns.place)",
            "cannot be checked: TypeError",
            "greater_than(2)",
        ),
        (
            written(y={"dtype": "int64"}),
            "column 'y', lines 2 (u, 2011), 3 (u, 2012), 4 (v, 2011), 5 (v, 2012) (rules.yaml: columns.y)",
            "4 of 4 cells are no whole numbers: '1.5', '2.5', '3.5', '4.5'",
            "whole numbers",
        ),
        (
            {**written(x={}), "unique": ["id", "place"]},
            "column 'id, place', lines 2 (u, 2011), 3 (u, 2012), 4 (v, 2011), 5 (v, 2012) "
            "(rules.yaml: columns.unique)",
            "4 of 4 cells occur in another row",
            "each value once",
        ),
    ],
)
def test_failures_of_more_than_a_cell(read_bytes, values, where, what, expected):
    with pytest.raises(DataError) as caught:
        build(read_bytes, values)
    (problem,) = caught.value.problems
    assert problem.where == f"panel.csv: {where}"
    assert problem.what.startswith(what)
    assert problem.expected == expected


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
        read_file_schema(values, "rules.yaml")
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
