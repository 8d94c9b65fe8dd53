"""What a data spec says, its rules held and broken, and panels with an exposure of levels."""

import json

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

import harness
from harness.data.build import PanelBuilder, panel_from_frame
from harness.data.checks import rule_problems
from harness.data.data_spec import DataSpec
from harness.data.messages import RowLocator
from harness.data.roles import Roles
from harness.data.rules import ColumnRule, PanelCheck
from harness.data.user_schema import CHECKS, read_user_schema
from harness.errors import DataError
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed
from harness.registry.catalog import OPTIONS, options_model
from harness.rng import random_stream
from harness.scenarios.contrast import ContrastScenario
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.scenario import Subject


def read(options: dict) -> DataSpec:
    text = json.dumps({OPTIONS: options})
    return options_model(DataSpec).model_validate_json(text, context=installed().catalogs).options


def mistakes(options: dict) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        read(options)
    paths = [[part for part in error["loc"] if part != OPTIONS] for error in caught.value.errors()]
    return [
        (".".join(map(str, path)), error["msg"])
        for path, error in zip(paths, caught.value.errors(), strict=True)
    ]


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        pytest.param({"encoding": "hex"}, "encoding", "unknown encoding 'hex'", id="encoding-of-no-text"),
        pytest.param({"rows": {"a": {}}}, "rows.a", "at least one of", id="empty-rule"),
        pytest.param(
            {"prepare": [{"factor_index": {"into": "a", "columns": ["b", "c"]}}]},
            "prepare.0.factor_index",
            "too few for 1 factors",
            id="index-not-identified",
        ),
    ],
)
def test_mistakes_have_their_path(options, path, message):
    [(found_path, found_message)] = mistakes(options)
    assert found_path == path
    assert message in found_message


KINDS = ("craft", "none", "union")
EFFECTS = {"none": 0.0, "craft": 0.5, "union": 1.5}


def workers(*, n=90, periods=6, seed=1):
    """Return workers of three kinds, whose kind changes, with a level of their own that goes with it."""
    rng = random_stream(seed, "workers")
    worker, year = (axis.ravel() for axis in np.indices((n, periods)))
    own = rng.standard_normal(n)[worker]
    leaning = rng.standard_normal(worker.size) + 0.5 * own
    kind = np.where(leaning > 0.7, "union", np.where(leaning > -0.4, "craft", "none"))
    m = rng.standard_normal(worker.size)
    effect = np.array([EFFECTS[one] for one in kind])
    wage = own + effect * (1.0 + 0.5 * m) + 0.3 * m + 0.5 * rng.standard_normal(worker.size)
    return pd.DataFrame(
        {"worker": [f"w{at:03d}" for at in worker], "year": 2000 + year, "wage": wage, "kind": kind, "m": m}
    )


def roles(**changed):
    return Roles(
        **{
            "entity": "worker",
            "time": "year",
            "outcomes": ("wage",),
            "exposure": "kind",
            "moderators": ("m",),
        }
        | changed
    )


def rows_of(contrasts):
    own = contrasts[contrasts["band"] == "pointwise"]
    return dict(zip(own["exposure_to"], own["estimate"], strict=True))


def subject(name, panel, **options):
    estimator = installed().of(ESTIMATOR)[name](**options)
    return Subject(panel, estimator, name, 1)


def test_texts_become_columns_for_each_level_but_the_base():
    frame = workers()
    panel = panel_from_frame(frame, roles())
    assert panel.levels == KINDS
    assert panel.columns == ("kind=none", "kind=union", "m")
    ordered = frame.sort_values(["worker", "year"])["kind"]
    np.testing.assert_array_equal(panel.column("kind=union"), ordered == "union")
    np.testing.assert_array_equal(panel.column("kind"), ordered.map(KINDS.index))
    assert panel_from_frame(frame, roles(levels=("none", "craft", "union"))).levels[0] == "none"


def test_numbers_are_levels_where_the_roles_say_so():
    frame = workers().assign(kind=lambda rows: rows["kind"].map({"none": 3, "craft": 1, "union": 2}))
    assert panel_from_frame(frame, roles()).levels == ()
    assert panel_from_frame(frame, roles(levels=(3, 1, 2))).columns == ("kind=1", "kind=2", "m")


@pytest.mark.parametrize(
    ("kinds", "levels", "what"),
    [
        (lambda _: "all", (), "one is no comparison"),
        (lambda at: KINDS[at % 3], ("none", "craft"), "some rows have 'union'"),
        (lambda at: KINDS[at % 3] if at else "7", (), "not numbers"),
    ],
)
def test_levels_that_are_none_are_refused_in_words(kinds, levels, what):
    frame = workers(n=20)
    frame["kind"] = [kinds(at) for at in range(len(frame))]
    with pytest.raises(DataError, match=what) as caught:
        panel_from_frame(frame, roles(levels=levels))
    assert "kind" in str(caught.value)
    assert caught.value.problems[0].hint


def test_a_counterfactual_level_moves_its_columns_and_what_follows_from_them():
    panel = panel_from_frame(workers(n=20), roles())
    union = panel.with_column("kind", 2.0)
    np.testing.assert_array_equal(union.X[:, :2], np.tile([0.0, 1.0], (panel.n_obs, 1)))
    np.testing.assert_array_equal(panel.with_column("kind", 0.0).X[:, :2], 0.0)
    np.testing.assert_array_equal(panel.with_column("kind", panel.column("kind")).X, panel.X)
    assert panel.dependents("kind") == {"kind=none", "kind=union"}
    assert panel.take(np.arange(5)).levels == panel.levels


def test_contrasts_of_fixed_effects_are_those_of_a_regression_on_dummies():
    frame = workers()
    panel = panel_from_frame(frame, roles(levels=("none", "craft", "union")))
    names = ["craft", "union"]
    columns = np.column_stack([*(frame["kind"] == name for name in names), frame["m"]]).astype(float)
    keys = pd.get_dummies(frame["worker"]).to_numpy(float)
    expected = np.linalg.lstsq(np.column_stack([columns, keys]), frame["wage"].to_numpy(), rcond=None)[0]
    for name in ("fixed_effects", "feols"):
        own = subject(name, panel, effects=("entity",))
        found = answer_in_process(ContrastScenario(draws=30), own)["contrasts"]
        assert set(found["exposure_from"]) == {"none"}
        assert rows_of(found) == pytest.approx(dict(zip(names, expected, strict=False)), rel=1e-6)
        terms = own.fit.coefficients().terms
        assert tuple(terms[:2]) == ("kind=craft", "kind=union")


def test_a_level_that_effects_absorb_is_refused_by_its_name():
    frame = workers(n=40, periods=4)
    last = frame["worker"] >= "w030"
    frame.loc[last, "kind"] = "guild"
    panel = panel_from_frame(frame, roles())
    with pytest.raises(harness.EstimationError, match="absorb it") as caught:
        assert subject("fixed_effects", panel, effects=("entity",)).fit
    assert "kind=guild" in caught.value.problems[0].where


@pytest.mark.slow
def test_the_share_of_intervals_that_hold_the_truth():
    held, n_panels = 0, 100
    for seed in range(n_panels):
        frame = workers(n=60, periods=4, seed=seed)
        panel = panel_from_frame(frame, roles(levels=("none", "craft", "union")))
        found = answer_in_process(
            ContrastScenario(draws=60), subject("fixed_effects", panel, effects=("entity",))
        )["contrasts"]
        together = found[found["band"] == "simultaneous"]
        # the truth is averaged over the moderator, whose mean is not quite zero
        truth = together["exposure_to"].map(EFFECTS) * (1.0 + 0.5 * frame["m"].mean())
        held += bool(((together["conf_low"] <= truth) & (truth <= together["conf_high"])).all())
    assert held >= 88  # of 100 at 95 per cent, 87 or fewer have a chance under one in 500


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


RULED_ROLES = Roles(entity="id", time="year", outcomes=("y",), exposure="x")
SCHEMA_TEXT = (
    "id,year,y,x,place\nu,2011,1.5,2,north\nu,2012,2.5,3,north\nv,2011,3.5,4,south\nv,2012,4.5,5,south\n"
)


def written(**columns):
    return {"schema_type": "dataframe", "version": "0.35.0", "columns": columns}


def build(read_bytes, values, text=SCHEMA_TEXT):
    table = read_bytes(text.encode())
    schema = read_user_schema(values, "rules.yaml")
    return PanelBuilder.build(table, DataSpec(path="panel.csv"), RULED_ROLES, user_schema=schema)


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
