"""What a data spec says, its checks of rows, and panels with an exposure of levels."""

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

import harness
from harness.data.build import panel_from_frame
from harness.data.data_spec import DataSpec, Roles
from harness.data.rules import ColumnSchema, PanelCheck
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


def test_all_columns_that_are_not_there_are_one_problem(build_text):
    rules = {name: ColumnSchema() for name in ("Place", "gdp", "y", "fdi")}
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
