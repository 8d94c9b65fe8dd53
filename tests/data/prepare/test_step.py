"""Steps on rows, on tables and across rows, against pandas and by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.build import PanelBuilder
from harness.data.data_spec import DataSpec, Roles
from harness.data.expand import expand
from harness.data.prepare.learned_steps import Winsorise
from harness.data.prepare.panel_steps import Difference, GrowthRate, Interpolate, Lag, SpatialLag, interpolate
from harness.data.prepare.row_steps import Asinh, Classes, Emissions, Indicator, Log, Log1p, Power, Ratio
from harness.data.prepare.step import Calendar, Column, LearnedStep, PanelStep, RowStep, StepGroup
from harness.data.prepare.table_steps import Dummies, GroupMean, Interaction, Recode
from harness.data.read.source import Table, numbered
from harness.errors import DataError, EstimationError

nan = np.nan
COLUMNS = {"a": np.array([1.0, 4.0, nan]), "b": np.array([2.0, 0.5, 3.0]), "c": np.array([10.0, 20.0, 30.0])}


@pytest.mark.parametrize(
    ("step", "expected", "detail"),
    [
        (Log("d", "a"), [0.0, 2 * np.log(2.0), nan], "log(a)"),
        (Indicator("d", "a", 4.0), [0.0, 1.0, nan], "1 where a = 4, else 0"),
        (Log1p("d", "a"), [np.log(2.0), np.log(5.0), nan], "log(1 + a)"),
        (Asinh("d", "a"), [np.log(1.0 + np.sqrt(2.0)), np.log(4.0 + np.sqrt(17.0)), nan], "asinh(a)"),
        (Ratio("d", "a", "b", scale=100.0), [50.0, 800.0, nan], "a / b x 100"),
        (Emissions("d", {"b": 3.0, "a": 2.0}), [8.0, 9.5, nan], "2 x a + 3 x b"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_a_row_step_computes(step, expected, detail):
    assert isinstance(step, RowStep)
    assert not isinstance(step, PanelStep | LearnedStep)
    assert not step.impossible(COLUMNS).any()
    np.testing.assert_allclose(step.compute(COLUMNS), expected, rtol=1e-15)
    assert step.detail == detail


@pytest.mark.parametrize(
    ("step", "columns", "impossible"),
    [
        (Log1p("d", "a"), {"a": np.array([0.0, -1.0, -2.0, nan])}, [False, True, True, False]),
        (
            Emissions("d", {"a": 1.0, "b": 1.0}),
            {"a": np.array([0.0, 1.0, -1.0]), "b": np.array([0.0, -1.0, nan])},
            [False, True, True],
        ),
    ],
    ids=["log1p", "emissions"],
)
def test_what_a_row_step_cannot_compute(step, columns, impossible):
    assert step.impossible(columns).tolist() == impossible
    with pytest.raises(EstimationError):
        step.compute(columns)


SIZES = Classes("size", "people", (100.0, 500.0), ("small", "large", "mega"))
ROLES = Roles(entity="city", time="year", outcomes=("y",), exposure="x")


def builder(people, *, schema=None, groups=("size",)):
    n = len(people)
    frame = pd.DataFrame(
        {
            "city": [f"c{at}" for at in range(n)],
            "year": 2000,
            "y": np.arange(n) * 1.0,
            "x": np.arange(n) ** 2.0,
            "people": people,
        }
    )
    spec = DataSpec(prepare=(SIZES,), schema=schema or {})
    return PanelBuilder.build(Table(frame, "cities.csv", "", "", ""), spec, ROLES, groups=groups)


def test_a_class_begins_at_its_threshold():
    assert isinstance(SIZES, RowStep)
    assert not isinstance(SIZES, PanelStep | LearnedStep)
    columns = {"people": np.array([-1.0, 99.999, 100.0, 499.9, 500.0, 1e9, np.nan])}
    assert not SIZES.impossible(columns).any()
    np.testing.assert_array_equal(SIZES.compute(columns), [0, 0, 1, 1, 2, 2, np.nan])
    assert SIZES.detail == "people: small below 100, large from 100, mega from 500"


def test_groups_of_a_panel_are_the_classes_in_their_order():
    built = builder([700.0, 50.0, 100.0, 20.0])
    group = built.panel("y").group("size")
    assert group.labels == ("small", "large", "mega")
    assert [group.labels[code] for code in group.codes] == ["mega", "small", "large", "small"]
    assert built.steps_table()["detail"].tolist() == [SIZES.detail]


@pytest.mark.parametrize(
    ("at", "labels", "told"),
    [
        ((500.0, 100.0), ("a", "b", "c"), "thresholds increase"),
        ((100.0,), ("a", "b", "c"), "1 thresholds make 2 classes"),
        ((100.0,), ("a", "a"), "a label of its own"),
    ],
)
def test_thresholds_and_labels_must_fit(at, labels, told):
    with pytest.raises(ValueError, match=told):
        Classes("size", "people", at, labels)


def frame_of(n_entities=6, n_periods=4):
    rng = np.random.default_rng(3)
    rows = [(f"c{at}", 2011 + period) for at in range(n_entities) for period in range(n_periods)]
    frame = pd.DataFrame(rows, columns=["id", "year"])
    frame["y"], frame["x"], frame["w"] = rng.normal(size=(3, len(rows)))
    frame["w"] = np.exp(frame["w"])
    frame["region"] = np.where(
        frame["id"].isin(["c0", "c1"]), "west", np.where(frame["id"] == "c2", "mid", "east")
    )
    return frame


def built(steps, controls=(), *, groups=(), frame=None, **options):
    table = Table(numbered(frame_of() if frame is None else frame), "x.csv", "x", "", "")
    roles = Roles("id", "year", ("y",), "x", (), controls)
    found = expand(table, DataSpec(prepare=tuple(steps), **options), roles)
    return PanelBuilder.build(found.table, found.spec, found.roles, groups=groups), found


def test_dummies_are_those_of_pandas():
    builder, found = built([Dummies("region", "east")], ("w", "region"))
    assert found.roles.controls == ("w", "region=mid", "region=west")
    expected = pd.get_dummies(frame_of()["region"], prefix="region", prefix_sep="=", dtype=float)
    for name in found.roles.controls[1:]:
        np.testing.assert_array_equal(builder.panel("y").column(name), expected[name])
    row = builder.steps_table().iloc[0]
    assert (row["step"], row["into"]) == ("dummies", "region")
    assert row["detail"] == "rows: east 12 (reference), mid 4, west 8"


def test_an_interaction_with_a_text_is_a_product_for_each_value_and_follows_the_exposure():
    steps = [Dummies("region"), Interaction("x_by_region", ("x", "region"))]
    builder, found = built(steps, ("region", "x_by_region"))
    assert found.roles.controls[2:] == ("x x region=mid", "x x region=west")
    panel = builder.panel("y")
    west = panel.column("region=west")
    np.testing.assert_array_equal(panel.column("x x region=west"), panel.column("x") * west)
    moved = panel.with_column("x", 5.0)
    np.testing.assert_array_equal(moved.column("x x region=west"), 5.0 * west)


@pytest.mark.parametrize("own", [True, False])
def test_means_within_groups_are_those_of_pandas(own):
    builder, _ = built([GroupMean("peers", "w", ("region", "year"), own=own)], ("peers",), missing="drop")
    frame = frame_of()
    by = frame.groupby(["region", "year"])["w"]
    means = by.transform("mean")
    if not own:
        count = by.transform("count")
        means = (means * count - frame["w"]) / (count - 1).where(count > 1)
    np.testing.assert_allclose(builder.panel("y").column("peers"), means.dropna(), rtol=1e-12)


def test_limits_by_period_are_quantiles_of_the_period():
    builder, _ = built([Winsorise("wt", "w", 0.2, 0.8, by=("year",))], ("wt",))
    frame = frame_of()
    by = frame.groupby("year")["w"]
    expected = frame["w"].clip(by.transform("quantile", 0.2), by.transform("quantile", 0.8))
    np.testing.assert_allclose(builder.panel("y").column("wt"), expected, rtol=1e-12)


@pytest.mark.parametrize("exponent", [0.5, -1.0])
def test_a_power_that_does_not_exist(exponent):
    frame = frame_of().assign(
        w=lambda table: np.where(table.index == 3, -1.0 if exponent == 0.5 else 0.0, 1.0)
    )
    with pytest.raises(DataError, match="no result in 1 of 24 rows"):
        built([Power("wp", "w", exponent)], ("wp",), frame=frame)


def test_recoding_to_numbers_and_to_texts():
    frame = frame_of()
    builder, found = built(
        [
            Recode("coast", "region", {"east": 1}, otherwise=0),
            Recode("side", "region", {"mid": "inland", "west": "inland"}, others="keep"),
        ],
        ("coast",),
        groups=("side",),
    )
    np.testing.assert_array_equal(builder.panel("y").column("coast"), frame["region"] == "east")
    key = builder.panel("y").group("side")
    assert key.labels == ("east", "inland")
    assert found.table.records[0].account.detail == "east → 1, mid → 0, west → 0"


@pytest.mark.parametrize(
    ("steps", "controls", "groups", "what"),
    [
        ([Dummies("regoin")], (), (), "there is no such column"),
        ([Recode("side", "region", {"estt": 1}, otherwise=0)], (), (), "no row has the value 'estt'"),
        ([Recode("w", "region", {"east": 1}, otherwise=0)], (), (), "there is a column of this name already"),
        ([Winsorise("wt", "w"), Dummies("wt")], (), (), "a prepared column has no groups"),
        ([Winsorise("wt", "w")], ("wt",), ("wt",), "groups by it would differ by fold"),
    ],
)
def test_what_cannot_be_made(steps, controls, groups, what):
    with pytest.raises(DataError) as caught:
        built(steps, controls, groups=groups)
    assert what in caught.value.what
    assert caught.value.hint


def lag(entity, period, values, periods: int) -> Column:
    calendar = Calendar(np.array(entity), np.array(period))
    cells = np.array(values, dtype=np.float64)
    return Lag("b", "a", periods).across(
        {"a": Column(cells, np.zeros(cells.shape, dtype=np.bool_))}, calendar
    )


@settings(deadline=None)
@given(
    keys=st.sets(st.tuples(st.integers(0, 5), st.integers(-8, 8)), min_size=1, max_size=40),
    periods=st.integers(1, 4),
    order=st.randoms(use_true_random=False),
)
def test_a_lag_is_a_join_on_the_earlier_period(keys, periods, order):
    rows = list(keys)
    order.shuffle(rows)
    frame = pd.DataFrame(rows, columns=["entity", "period"])
    frame["a"] = np.arange(float(len(frame)))
    earlier = frame.assign(period=frame["period"] + periods).rename(columns={"a": "before"})
    expected = frame.merge(earlier, on=["entity", "period"], how="left")["before"]
    column = lag(frame["entity"], frame["period"], frame["a"], periods)
    np.testing.assert_array_equal(column.cells, expected)
    detail = f"{periods} earlier; {expected.isna().sum()} rows have no such period"
    assert Lag("b", "a", periods).account({}, column).detail == detail


def fill(values, entity=None, period=None, limit=5):
    cells = np.array(values, dtype=np.float64)
    entity = np.zeros(cells.size, dtype=np.int64) if entity is None else np.array(entity)
    period = np.arange(cells.size) if period is None else np.array(period)
    fillable = np.ones(cells.size, dtype=np.bool_)
    return interpolate(cells, fillable, Calendar(entity, period), limit=limit)


@pytest.mark.parametrize(
    ("values", "how", "expected"),
    [
        pytest.param([1, nan, nan, 7], {"limit": 2}, [1, 3, 5, 7], id="gap at the limit"),
        pytest.param([1, nan, 4], {"period": [0, 1, 3], "limit": 1}, [1, nan, 4], id="absent row in the gap"),
    ],
)
def test_what_is_filled(values, how, expected):
    np.testing.assert_array_equal(fill(values, **how), expected)


@given(st.data())
def test_each_entity_is_filled_as_pandas_does_and_rows_may_be_permuted(data):
    n_periods = data.draw(st.integers(2, 7))
    keys = [(entity, period) for entity in range(3) for period in range(n_periods)]
    rows = data.draw(st.permutations(keys))[: data.draw(st.integers(1, len(keys)))]
    cell = st.one_of(st.just(nan), st.integers(-50, 50).map(float))
    values = data.draw(st.lists(cell, min_size=len(rows), max_size=len(rows)))
    frame = pd.DataFrame(rows, columns=["entity", "period"]).assign(value=values)
    filled = fill(values, frame["entity"], frame["period"], limit=99)
    for _, own in frame.groupby("entity"):
        series = own.sort_values("period").set_index("period")["value"]
        expected = series.interpolate(method="index", limit_area="inside")
        ours = pd.Series(filled[own.index], index=own["period"]).sort_index()
        np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_a_step_fills_its_columns_in_place_and_counts_the_cells():
    first, second = Interpolate(("a", "b"), limit=1).parts
    assert isinstance(Interpolate(("a",), limit=1), StepGroup)
    assert isinstance(first, PanelStep)
    assert (first.into, first.inputs, second.into) == ("a", ("a",), "b")
    cells = np.array([1.0, nan, 3.0, nan, nan, 6.0])
    columns = {"a": Column(cells, np.zeros(6, dtype=np.bool_))}
    made = first.across(columns, Calendar(np.zeros(6, dtype=np.int64), np.arange(6)))
    account = first.account(columns, made)
    assert account.detail == "1 of 6 cells filled (16.7%), 2 still missing"
    assert account.filled.tolist() == [False, True, False, False, False, False]
    [note] = account.notes
    assert (note.code, note.where) == ("W-INTERPOLATED", "a")
    assert note.message.startswith("1 of 6 cells (16.7%) were missing")


PLACES = """id,year,y,x,lat,lon
a,1,1,10,0,0
b,1,2,20,0,1
c,1,4,40,0,3
a,2,1,11,0,0
b,2,2,21,0,1
c,2,4,41,0,3
"""


def lagged(of="x", nearest=1):
    return SpatialLag("near", of, "lat", "lon", nearest=nearest)


def test_it_is_the_mean_of_the_nearest_rows_of_the_period(build_text):
    roles = Roles("id", "year", ("y",), "x", (), ("near",))
    spec = DataSpec(path="panel.csv", prepare=(lagged(),))
    panel = build_text(PLACES, roles=roles, spec=spec).panel("y")
    assert panel.column("near").tolist() == [20.0, 21.0, 10.0, 11.0, 20.0, 21.0]
    two = DataSpec(path="panel.csv", prepare=(lagged(nearest=2),))
    panel = build_text(PLACES, roles=roles, spec=two).panel("y")
    assert panel.column("near").tolist() == [30.0, 31.0, 25.0, 26.0, 15.0, 16.0]


def test_outcomes_of_neighbours_are_refused(build_text):
    roles = Roles("id", "year", ("ly",), "x", (), ("near",))
    for of in ("y", "ly"):
        spec = DataSpec(path="panel.csv", prepare=(Log("ly", "y"), lagged(of)))
        with pytest.raises(DataError, match="tells outcomes 'ly' of rows that are tested on"):
            build_text(PLACES, roles=roles, spec=spec)


def test_coordinates_and_instruments_are_those_of_the_panels_rows(build_text):
    roles = Roles("id", "year", ("y",), "x", instruments=("lon",), latitude="lat", longitude="lon")
    panel = build_text(PLACES, roles=roles).panel("y")
    assert panel.instruments == ("lon",)
    np.testing.assert_array_equal(panel.Z[:, 0], [0, 0, 1, 1, 3, 3])
    np.testing.assert_array_equal(panel.coordinates[:, 1], [0, 0, 1, 1, 3, 3])
    taken = panel.take(np.array([2, 5]))
    assert taken.Z.tolist() == [[1.0], [3.0]]
    assert taken.coordinates.tolist() == [[0.0, 1.0], [0.0, 3.0]]
    joined = panel.joined(taken)
    assert joined.Z.shape == (8, 1)
    assert joined.coordinates.shape == (8, 2)
    assert build_text(PLACES).panel("y").coordinates is None


def test_a_latitude_beyond_the_pole_is_refused(build_text):
    roles = Roles("id", "year", ("y",), "x", latitude="x", longitude="lon")
    text = PLACES.replace("c,1,4,40", "c,1,4,140")
    with pytest.raises(DataError, match=r"1 of 6 values are no latitude in degrees"):
        build_text(text, roles=roles)


def test_growth_rates_are_over_the_earlier_period():
    calendar = Calendar(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 0, 2]))
    values = np.array([4.0, 5.0, 4.0, 1.0, 2.0])
    made = GrowthRate("g", "a").across({"a": Column.of(values)}, calendar)
    np.testing.assert_allclose(made.cells, [np.nan, 0.25, -0.2, np.nan, np.nan])
    assert made.unreached.tolist() == [True, False, False, True, True]
    with pytest.raises(DataError, match="'a' grows from 0 or below in 1 rows"):
        GrowthRate("g", "a").across({"a": Column.of(np.array([4.0, 0.0, 4.0, 1.0, 2.0]))}, calendar)


def test_more_periods_than_a_panel_has_say_how_they_are_counted():
    """Two years that are ten apart are one period from each other."""
    columns = {"a": Column(np.array([1.0, 4.0]), np.zeros(2, dtype=bool))}
    calendar = Calendar(np.zeros(2, dtype=int), np.array([0, 1]), {"1985": 0, "1995": 1})
    assert Difference("b", "a").across(columns, calendar).cells[1] == 3.0
    with pytest.raises(DataError, match="no row has another one 10 periods earlier") as refused:
        Difference("b", "a", 10).across(columns, calendar)
    assert "from 1985 to 1995 is one period" in str(refused.value)
