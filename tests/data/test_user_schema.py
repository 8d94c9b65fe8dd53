"""A pandera schema of the user's own: taken as pandera writes it, and nothing in it runs."""

import pandera.pandas as pa
import pytest
from ruamel.yaml import YAML

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec
from harness.data.roles import Roles
from harness.data.user_schema import CHECKS, read_user_schema
from harness.errors import DataError

ROLES = Roles(entity="id", time="year", outcomes=("y",), exposure="x")
TEXT = "id,year,y,x,place\nu,2011,1.5,2,north\nu,2012,2.5,3,north\nv,2011,3.5,4,south\nv,2012,4.5,5,south\n"


def written(**columns):
    return {"schema_type": "dataframe", "version": "0.35.0", "columns": columns}


def build(read_bytes, values, text=TEXT):
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
    frame = read_bytes(TEXT.replace("4.5", "14.5").replace("south", "west").encode()).frame
    with pytest.raises(pa.errors.SchemaErrors) as theirs:
        pa.DataFrameSchema.from_yaml(schema.to_yaml()).validate(frame.reset_index(drop=True), lazy=True)
    with pytest.raises(DataError) as ours:
        build(read_bytes, values, TEXT.replace("4.5", "14.5").replace("south", "west"))
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
