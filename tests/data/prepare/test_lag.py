import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.prepare.panel_steps import Lag
from harness.data.prepare.step import Calendar, Column


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
