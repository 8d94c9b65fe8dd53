import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.prepare.panel_steps import Lag
from harness.data.prepare.step import Calendar, Column, LearnedStep, PanelStep, RowStep


def lag(entity, period, values, periods: int) -> Column:
    calendar = Calendar(np.array(entity), np.array(period))
    cells = np.array(values, dtype=np.float64)
    return Lag("b", "a", periods).across(
        {"a": Column(cells, np.zeros(cells.shape, dtype=np.bool_))}, calendar
    )


def test_a_gap_has_no_value_before_it():
    column = lag([0, 0, 0, 1, 1], [0, 1, 3, 0, 1], [1, 2, 3, 4, 5], 1)
    np.testing.assert_array_equal(column.cells, [np.nan, 1, np.nan, np.nan, 4])
    assert column.unreached.tolist() == [True, False, True, True, False]


def test_a_missing_cell_is_not_a_missing_row():
    column = lag([0, 0, 0], [0, 1, 2], [1, np.nan, 3], 1)
    np.testing.assert_array_equal(column.cells, [np.nan, 1, np.nan])
    assert column.unreached.tolist() == [True, False, False]


def test_a_lag_of_a_lag_is_two_periods():
    calendar = Calendar(np.array([0, 0, 0, 0]), np.array([0, 1, 2, 4]))
    cells = np.array([1.0, 2.0, 3.0, 4.0])
    once = Lag("b", "a").across({"a": Column(cells, np.zeros(4, dtype=np.bool_))}, calendar)
    twice = Lag("c", "b").across({"b": once}, calendar)
    np.testing.assert_array_equal(twice.cells, [np.nan, np.nan, 1, np.nan])
    assert twice.unreached.tolist() == [True, True, False, True]


def test_a_lag_is_a_panel_step_only():
    assert isinstance(Lag("b", "a"), PanelStep)
    assert not isinstance(Lag("b", "a"), RowStep | LearnedStep)


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
