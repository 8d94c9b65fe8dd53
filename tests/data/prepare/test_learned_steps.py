"""Steps on rows, across periods and learned, against closed forms and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.data.prepare.learned_steps import Rescale, Standardise, Winsorise
from harness.data.prepare.panel_steps import Deflate
from harness.data.prepare.step import Calendar, Column, LearnedStep, PanelStep, RowStep
from harness.errors import DataError

nan = np.nan


def column(values):
    cells = np.array(values, dtype=np.float64)
    return Column(cells, np.zeros(cells.shape, dtype=np.bool_))


CALENDAR = Calendar(
    np.array([0, 0, 0, 1, 1, 2, 2]),
    np.array([0, 1, 2, 0, 1, 1, 2]),
    {"2011": 0, "2012": 1, "2013": 2},
)
GDP = [100, 110, 121, 50, 60, 70, 80]
INDEX = [100, 110, 121, 2.0, 4.0, 1.0, 3.0]


@pytest.mark.parametrize("base", [2012, "2012"], ids=["number", "text"])
def test_prices_are_those_of_the_base_period_whatever_the_index_is_based_on(base):
    step = Deflate("real", "gdp", "prices", base)
    assert isinstance(step, PanelStep)
    columns = {"gdp": column(GDP), "prices": column(INDEX)}
    made = step.across(columns, CALENDAR)
    np.testing.assert_allclose(made.cells, [110, 110, 110, 100, 60, 70, 80 / 3], rtol=1e-15)
    assert not made.unreached.any()
    assert step.account(columns, made).detail == "prices relative to 2012 from 0.5 to 3"


@pytest.mark.parametrize(
    ("base", "prices", "what"),
    [
        (1999, INDEX, "no row is of the base period 1999"),
        (2011, [0, *INDEX[1:]], "'prices' is 0 or below in 1 rows"),
    ],
    ids=["period", "index"],
)
def test_what_cannot_be_deflated(base, prices, what):
    with pytest.raises(DataError, match=what):
        Deflate("real", "gdp", "prices", base).across(
            {"gdp": column(GDP), "prices": column(prices)}, CALENDAR
        )


LEARN = {"a": np.array([3.0, 1.0, 2.0, 10.0, 4.0])}
APPLY = {"a": np.array([-50.0, 1.0, nan, 4.0, 99.0])}


def test_standardised_columns_are_those_of_their_definition():
    step = Standardise("z", "a")
    assert isinstance(step, LearnedStep)
    assert not isinstance(step, PanelStep | RowStep)
    learned = step.learn(LEARN)
    np.testing.assert_allclose(learned.compute(APPLY), (APPLY["a"] - 4.0) / np.sqrt(10.0), rtol=1e-14)
    scores = learned.compute(LEARN)
    assert [scores.mean(), scores.std()] == pytest.approx([0.0, 1.0], abs=1e-15)
    assert learned.detail == "0.3162 x (a - 4)"


def test_winsorised_columns_are_clipped_at_the_quantiles_of_pandas():
    rng = np.random.default_rng(8)
    values = rng.standard_normal(501)
    learned = Winsorise("w", "a", 0.05, 0.9).learn({"a": values})
    low, high = pd.Series(values).quantile([0.05, 0.9])
    np.testing.assert_array_equal(learned.compute({"a": values}), pd.Series(values).clip(low, high))
    assert [learned.pooled.n_low, learned.pooled.n_high] == [(values < low).sum(), (values > high).sum()]
    np.testing.assert_array_equal(
        Winsorise("w", "a", 0.0, 1.0).learn(LEARN).compute(APPLY), [1.0, 1.0, nan, 4.0, 10.0]
    )


@pytest.mark.parametrize("step", [Standardise("z", "a"), Rescale("z", "a")], ids=lambda step: step.name)
@pytest.mark.parametrize("values", [[2.0, 2.0], []], ids=["constant", "empty"])
def test_a_column_that_does_not_vary_has_no_scale(step, values):
    with pytest.raises(DataError, match="does not vary"):
        step.learn({"a": np.array(values)})
