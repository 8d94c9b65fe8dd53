"""Steps across rows: lags, gaps filled, means of neighbours, against pandas and by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.data_spec import DataSpec
from harness.data.prepare.panel_steps import GrowthRate, Interpolate, Lag, SpatialLag, interpolate
from harness.data.prepare.row_steps import Log
from harness.data.prepare.step import Calendar, Column, PanelStep, StepGroup
from harness.data.roles import Roles
from harness.errors import DataError


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


nan = np.nan


def fill(values, entity=None, period=None, limit=5):
    cells = np.array(values, dtype=np.float64)
    entity = np.zeros(cells.size, dtype=np.int64) if entity is None else np.array(entity)
    period = np.arange(cells.size) if period is None else np.array(period)
    fillable = np.ones(cells.size, dtype=np.bool_)
    return interpolate(cells, fillable, Calendar(entity, period), limit=limit)


@pytest.mark.parametrize(
    ("values", "how", "expected"),
    [
        pytest.param([1, nan, nan, 7], {}, [1, 3, 5, 7], id="straight line"),
        pytest.param([1, nan, nan, 7], {"limit": 2}, [1, 3, 5, 7], id="gap at the limit"),
        pytest.param([1, nan, 4], {"period": [0, 1, 3], "limit": 1}, [1, nan, 4], id="absent row in the gap"),
        pytest.param([nan, nan], {}, [nan, nan], id="nothing known"),
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


TEXT = """id,year,y,x,lat,lon
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
    panel = build_text(TEXT, roles=roles, spec=spec).panel("y")
    assert panel.column("near").tolist() == [20.0, 21.0, 10.0, 11.0, 20.0, 21.0]
    two = DataSpec(path="panel.csv", prepare=(lagged(nearest=2),))
    panel = build_text(TEXT, roles=roles, spec=two).panel("y")
    assert panel.column("near").tolist() == [30.0, 31.0, 25.0, 26.0, 15.0, 16.0]


def test_outcomes_of_neighbours_are_refused(build_text):
    roles = Roles("id", "year", ("ly",), "x", (), ("near",))
    for of in ("y", "ly"):
        spec = DataSpec(path="panel.csv", prepare=(Log("ly", "y"), lagged(of)))
        with pytest.raises(DataError, match="tells outcomes 'ly' of rows that are tested on"):
            build_text(TEXT, roles=roles, spec=spec)


def test_coordinates_and_instruments_are_those_of_the_panels_rows(build_text):
    roles = Roles("id", "year", ("y",), "x", instruments=("lon",), latitude="lat", longitude="lon")
    panel = build_text(TEXT, roles=roles).panel("y")
    assert panel.instruments == ("lon",)
    np.testing.assert_array_equal(panel.Z[:, 0], [0, 0, 1, 1, 3, 3])
    np.testing.assert_array_equal(panel.coordinates[:, 1], [0, 0, 1, 1, 3, 3])
    taken = panel.take(np.array([2, 5]))
    assert taken.Z.tolist() == [[1.0], [3.0]]
    assert taken.coordinates.tolist() == [[0.0, 1.0], [0.0, 3.0]]
    joined = panel.joined(taken)
    assert joined.Z.shape == (8, 1)
    assert joined.coordinates.shape == (8, 2)
    assert build_text(TEXT).panel("y").coordinates is None


def test_a_latitude_beyond_the_pole_is_refused(build_text):
    roles = Roles("id", "year", ("y",), "x", latitude="x", longitude="lon")
    text = TEXT.replace("c,1,4,40", "c,1,4,140")
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
