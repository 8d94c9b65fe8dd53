"""Filling of gaps within an entity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.prepare.panel_steps import Interpolate, interpolate
from harness.data.prepare.step import Calendar, Column, PanelStep, StepGroup

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
