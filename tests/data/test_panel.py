"""What a panel promises, keys of two sets of rows as one, and means of entities."""

import io
import pickle
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import harness
import harness.plugin
from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.name import fold_name, near_columns
from harness.data.panel import with_entity_means
from harness.data.prepare.learned_steps import FactorIndex
from harness.data.prepare.panel_steps import Lag
from harness.data.prepare.row_steps import Square
from harness.data.read.source import Table
from harness.estimators.protocol import ESTIMATOR
from harness.installed import installed
from harness.plugin import Key
from panels import panel_from_arrays
from small_run import grunfeld
from spec_tables import table_of


def make_panel():
    return panel_from_arrays(
        entity=["b", "b", "a", "a", "c"],
        period=[1, 2, 1, 3, 2],
        outcome=np.arange(5.0),
        X=np.arange(10.0).reshape(5, 2),
        columns=("x", "z"),
    )


@pytest.mark.parametrize("array", ["observed", "X", "period"])
def test_arrays_are_read_only_also_after_a_pickle(array):
    for panel in (make_panel(), pickle.loads(pickle.dumps(make_panel()))):  # noqa: S301 - our own bytes
        with pytest.raises(ValueError, match="read-only"):
            getattr(panel, array)[0] = 7


def test_arrays_that_disagree_are_refused():
    with pytest.raises(ValueError, match="panel arrays disagree"):
        panel_from_arrays(entity=[1, 2], period=[1, 1], outcome=[1.0, 2.0, 3.0], X=[1.0, 2.0])


def test_resampling_repeats_whole_entities_under_names_of_their_own():
    drawn = make_panel().resample(np.array([1, 1, 0]))
    assert drawn.entity.labels == ("b", "b#2", "a")
    assert drawn.observed.tolist() == [0.0, 1.0, 0.0, 1.0, 2.0, 3.0]
    keys = list(zip(drawn.entity.codes.tolist(), drawn.period.tolist(), strict=True))
    assert len(set(keys)) == len(keys)


def test_weights_and_groups_travel_with_their_rows():
    groups = (Key("size", ("big", "small"), np.array([0, 0, 1, 1, 0])),)
    panel = replace(make_panel(), weights=np.arange(1.0, 6.0), groups=groups)
    for rows in (panel.take(np.array([3, 1])), pickle.loads(pickle.dumps(panel)).take(np.array([3, 1]))):  # noqa: S301 - our own bytes
        assert rows.weights.tolist() == [4.0, 2.0]
        assert rows.group("size").codes.tolist() == [1, 0]
        with pytest.raises(ValueError, match="read-only"):
            rows.weights[0] = 7
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            rows.weights.setflags(write=True)
    assert panel.with_column("x", 1.0).weights.tolist() == panel.weights.tolist()
    assert panel.resample(np.array([1, 1])).weights.tolist() == [1.0, 2.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="panel arrays disagree"):
        replace(panel, weights=np.ones(4))


@dataclass(frozen=True)
class Sum:
    into: str
    inputs: tuple[str, ...]

    def compute(self, columns):
        return sum(columns[name] for name in self.inputs)


def make_derived():
    """x, z, u = x + z and v = u + z, of which the last two follow from the first two."""
    x, z = np.arange(5.0), np.arange(5.0) ** 2
    panel = panel_from_arrays(
        entity=["b", "b", "a", "a", "c"],
        period=[1, 2, 1, 3, 2],
        outcome=np.arange(5.0),
        X=np.column_stack([x, z, x + z, x + 2.0 * z]),
        columns=("x", "z", "u", "v"),
    )
    return replace(panel, derived=(Sum("u", ("x", "z")), Sum("v", ("u", "z"))))


def test_a_panel_as_a_table_gives_the_panel_again():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"firm": np.repeat(list("abcd"), 5), "year": np.tile(np.arange(2001, 2006), 4)})
    data["region"] = data["firm"].map({"a": "north", "b": "north", "c": "south", "d": "south"})
    data["kind"] = np.tile(["low", "high", "mid", "low"], 5)
    data[["y", "z", "m", "iv"]], data["w"] = rng.normal(size=(20, 4)), rng.uniform(1.0, 2.0, 20)
    keys = {
        "entity": "firm",
        "time": "year",
        "outcome": "y",
        "exposure": "kind",
        "levels": ["low", "mid", "high"],
    }
    others = {"controls": ["z"], "moderators": ["m"], "groups": ["region"]}
    panel = harness.panel_from_frame(data.sample(frac=1.0, random_state=1), **keys, **others, weights="w")
    again = harness.panel_from_frame(panel.frame(), **keys, **others, weights="weights")
    for name in ("observed", "X", "weights", "period"):
        np.testing.assert_array_equal(getattr(again, name), getattr(panel, name))
    assert again.groups[0].labels == panel.groups[0].labels
    line = {**keys, "exposure": "m", "levels": (), "instruments": ["iv"]}
    panel = harness.panel_from_frame(data, **line)
    again = harness.panel_from_frame(panel.frame(), **line)
    np.testing.assert_array_equal(again.Z, panel.Z)


def test_several_columns_are_moved_at_once_and_what_follows_is_computed_once_from_all():
    moved = make_derived().with_columns({"x": 3.0, "z": np.arange(5.0)})
    assert moved.column("u").tolist() == [3.0, 4.0, 5.0, 6.0, 7.0]
    assert moved.column("v").tolist() == [3.0, 5.0, 7.0, 9.0, 11.0]
    after_each_other = make_derived().with_column("x", 3.0).with_column("z", np.arange(5.0))
    np.testing.assert_array_equal(moved.X, after_each_other.X)


@pytest.mark.parametrize("order", [("x", "u"), ("u", "x")])
def test_a_value_that_is_given_stands_in_any_order_though_it_would_follow(order):
    values = {"x": 3.0, "u": 1.0}
    moved = make_derived().with_columns({name: values[name] for name in order})
    assert set(moved.column("u")) == {1.0}
    np.testing.assert_array_equal(moved.column("v"), 1.0 + np.arange(5.0) ** 2)


def test_joined_keys_match_by_label_and_new_labels_come_last():
    first = Key("city", ("a", "b"), np.array([1, 0]))
    second = Key("city", ("z", "b", "c"), np.array([0, 1, 2]))
    both = first.joined(second)
    assert [both.labels[code] for code in both.codes] == ["b", "a", "z", "b", "c"]
    assert both.labels == ("a", "b", "z", "c")
    assert [second.joined(first).labels[code] for code in second.joined(first).codes] == list("zbcba")


def test_joined_panels_match_columns_by_name_and_keep_groups_and_weights():
    both = panel_from_arrays(
        entity=[1, 1, 2, 3], period=[1, 2, 1, 1], outcome=np.arange(4.0), X=np.arange(8.0).reshape(4, 2)
    )
    branch = Key("branch", ("a", "b", "c"), np.array([2, 0, 0, 1]))
    both = replace(both, groups=(branch,), weights=np.arange(1.0, 5.0))
    first, second = both.take(np.array([0, 1])), both.take(np.array([2, 3]))
    second = replace(second, groups=(second.group("branch").without_absent(),))
    whole = first.joined(second)
    group = whole.group("branch")
    assert [group.labels[code] for code in group.codes] == ["c", "a", "a", "b"]
    assert [whole.entity.labels[code] for code in whole.entity.codes] == ["1", "1", "2", "3"]
    assert whole.weights.tolist() == [1.0, 2.0, 3.0, 4.0]
    np.testing.assert_array_equal(whole.X, both.X)
    turned = replace(second, exposure=second.controls[0], controls=(second.exposure,), X=second.X[:, ::-1])
    np.testing.assert_array_equal(first.joined(turned).X, both.X)
    assert first.joined(replace(second, weights=None)).weights is None


def test_means_are_of_known_rows_and_of_their_own_where_an_entity_has_none():
    X = np.array([[1.0, 5.0], [3.0, 5.0], [8.0, 5.0], [2.0, 7.0], [6.0, 7.0]])
    panel = panel_from_arrays(
        entity=np.array([0, 0, 0, 1, 1]),
        period=np.array([0, 1, 2, 0, 1]),
        outcome=np.zeros(5),
        X=X,
        columns=("x", "constant"),
    )
    name = f"x, mean of {panel.entity.name}"
    assert with_entity_means(panel).columns == ("x", "constant", name)
    assert with_entity_means(panel).column(name).tolist() == [4.0, 4.0, 4.0, 4.0, 4.0]
    known = with_entity_means(panel, known=np.array([0, 1]))
    assert known.column(name).tolist() == [2.0, 2.0, 2.0, 4.0, 4.0]
    assert known.with_column("x", 9.0).column(name).tolist() == [2.0, 2.0, 2.0, 4.0, 4.0]


COLUMNS = {
    "entity": "firm",
    "time": "year",
    "outcome": "invest",
    "exposure": "value",
    "controls": ["capital"],
}


def design(rows):
    return np.column_stack([np.ones(len(rows)), rows[["value", "capital"]]])


def test_an_estimator_fits_the_panel_of_a_table_and_predicts_another():
    frame = grunfeld().reset_index()
    early, late = frame[frame["year"] < 1950], frame[frame["year"] >= 1950]
    estimator = installed().of(ESTIMATOR)["pooled_ols"]()
    fit = estimator.fit(harness.panel_from_frame(early, **COLUMNS))
    panel = harness.panel_from_frame(late, **COLUMNS)
    slopes = np.linalg.lstsq(design(early), early["invest"], rcond=None)[0]
    expected = design(late.sort_values(["firm", "year"])) @ slopes
    assert fit.predict(panel) == pytest.approx(expected, rel=1e-9)
    assert [panel.entity.labels[code] for code in panel.entity.codes[:2]] == ["American Steel"] * 2


def test_levels_of_an_index_are_columns_and_rows_are_put_in_order():
    shuffled = grunfeld().sample(frac=1, random_state=2)
    ordered = harness.panel_from_frame(grunfeld(), **COLUMNS)
    again = harness.panel_from_frame(shuffled, **COLUMNS)
    np.testing.assert_array_equal(again.X, ordered.X)
    assert (again.n_obs, again.n_entities, again.n_periods) == (220, 11, 20)


@pytest.mark.parametrize("written", ["caf\u00e9", " cafe\u0301", "\u00a0caf\u00e9\u3000"])
def test_names_that_look_alike_fold_to_one(written):
    assert fold_name(written) == "caf\u00e9"


@pytest.mark.parametrize(
    ("asked", "known", "hint"),
    [
        pytest.param("gpd", ["gdp", "population"], "'gdp'", id="letters-swapped"),
        pytest.param("GDP per head", ["gdp_per_head", "gdp"], "'gdp_per_head'", id="spaces-and-case"),
        pytest.param("数字经济", ["数字经济指数", "城市"], "'数字经济指数'", id="chinese"),
    ],
)
def test_near_columns(asked, known, hint):
    assert near_columns(asked, known) == f"did you mean {hint}?"


ROLES = Roles("id", "year", ("y",), "d", (), ("x1", "d2"))
STEPS = (FactorIndex("d", ("p", "q", "r")), Lag("x1", "x"), Square("d2", "d"))
FINITE = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))


def build(frame: pd.DataFrame) -> PanelBuilder:
    table = Table(frame, origin="panel", title="", source="", sha256="")
    return PanelBuilder.build(table, DataSpec(prepare=STEPS), ROLES)


@st.composite
def panels(draw) -> pd.DataFrame:
    """Return a table of several entities in consecutive years, with cells of any size."""
    entities = draw(st.lists(st.text("abcä北1", min_size=1, max_size=3), min_size=3, max_size=6, unique=True))
    n_years = draw(st.integers(3, 4))
    n_obs = len(entities) * n_years
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cells = {name: rng.normal(size=n_obs) * 10.0 ** draw(st.integers(-6, 6)) for name in ("p", "q", "r", "x")}
    cells["y"] = np.array(draw(st.lists(FINITE, min_size=n_obs, max_size=n_obs)))
    keys = {
        "id": np.repeat(entities, n_years),
        "year": np.tile(np.arange(2011, 2011 + n_years), len(entities)),
    }
    return pd.DataFrame(keys | cells)


def assert_same(original: PanelBuilder, other: PanelBuilder, *, rtol: float = 0.0) -> None:
    first, second = original.panel("y"), other.panel("y")
    np.testing.assert_allclose(first.X, second.X, rtol=rtol, atol=rtol / 10)
    np.testing.assert_array_equal(first.observed, second.observed)
    np.testing.assert_array_equal(first.period, second.period)
    assert first.entity.labels == second.entity.labels
    np.testing.assert_array_equal(first.entity.codes, second.entity.codes)
    assert first.time.labels == second.time.labels


@settings(max_examples=25, deadline=None)
@given(frame=panels(), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_no_bit(frame, order):
    rows, columns = list(range(len(frame))), list(frame.columns)
    order.shuffle(rows)
    order.shuffle(columns)
    assert_same(build(frame), build(frame.iloc[rows].reset_index(drop=True)[columns]))


@settings(max_examples=25, deadline=None)
@given(frame=panels(), factor=st.integers(2, 7), shift=st.integers(-500, 500))
def test_the_unit_and_start_of_time_do_not_matter(frame, factor, shift):
    moved = frame.assign(year=frame["year"] * factor + shift)
    original, other = build(frame).panel("y"), build(moved).panel("y")
    np.testing.assert_array_equal(original.period, other.period)
    np.testing.assert_array_equal(original.X, other.X)


def as_bytes(frame: pd.DataFrame, suffix: str) -> bytes:
    sink = io.BytesIO()
    if suffix == "csv":
        return frame.to_csv(index=False).encode()
    if suffix == "parquet":
        frame.to_parquet(sink)
    elif suffix == "dta":
        frame.to_stata(sink, write_index=False, version=118)
    else:
        frame.to_excel(sink, index=False)
    return sink.getvalue()


@pytest.mark.parametrize("suffix", ["csv", "dta", "xlsx"])
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(frame=panels())
def test_the_kind_of_file_does_not_matter(tmp_path, suffix, frame):
    (tmp_path / f"panel.{suffix}").write_bytes(as_bytes(frame, suffix))
    spec = DataSpec(path=f"panel.{suffix}", prepare=STEPS)
    table = table_of(spec, tmp_path)
    original = build(frame)
    assume(not any(note.code == "W-INDEX" for note in original.notes))
    # A workbook keeps 16 digits of a number, which are not always enough to tell it from its neighbours.
    # Steps that take differences carry that on: in 300 panels to 1.4e-9.
    assert_same(original, PanelBuilder.build(table, spec, ROLES), rtol=1e-8 if suffix == "xlsx" else 0.0)
