import pandas as pd
import pytest

from harness.data.messages import RowLocator
from harness.data.shape.times import Times, read_times
from harness.errors import DataError


def times(cells, **options) -> Times:
    column = pd.Series(cells, name="t", **options)
    return read_times(column, name="t", locator=RowLocator("panel.csv", column.to_frame(), "id", "t"))


@pytest.mark.parametrize(
    ("cells", "kind", "labels"),
    [
        pytest.param([2011, 2012], "whole number", ["2011", "2012"], id="years"),
        pytest.param(["2011年12月", "2012/1"], "month", ["2011-12", "2012-01"], id="months-in-chinese"),
        pytest.param(["2011", "2012"], "whole number", ["2011", "2012"], id="P9-years-as-text"),
        pytest.param(["2011-12-30", "2011-12-31"], "day", ["2011-12-30", "2011-12-31"], id="days"),
        (pd.to_datetime(["2011-01-01", "2012-01-01"]), "whole number", ["2011", "2012"]),
        (["2009-10", "2010-11", "2011-12"], "fiscal year", ["2009-10", "2010-11", "2011-12"]),
        pytest.param(["2009-10", "2009-10"], "month", ["2009-10", "2009-10"], id="a-span-alone-is-a-month"),
        pytest.param(["Q4 2011", "Q1-2012"], "quarter", ["2011Q4", "2012Q1"], id="quarters-first"),
        pytest.param(pd.Series([2011, 2012], dtype="Int64"), "whole number", ["2011", "2012"], id="nullable"),
    ],
)
def test_periods(cells, kind, labels):
    read = times(cells)
    assert read.kind.name == kind
    assert read.labels == labels


@pytest.mark.parametrize(
    ("cells", "distance"),
    [
        (["2011Q4", "2012Q1"], 1),
        (["2011-12-31", "2014-12-31"], 3),
        ([2011, 2013], 2),
        (["2009-10", "2012-13"], 3),
    ],
)
def test_positions_count_periods(cells, distance):
    first, last = times(cells).ordinals.tolist()
    assert last - first == distance


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        pytest.param([2011, 2011.5], "1 of 2 cells are no periods: '2011.5'", id="P10-fraction"),
        pytest.param(["2011-13", "2011-12"], "'2011-13'", id="no-such-month"),
        pytest.param(["2011 [YR2012]", "2012 [YR2012]"], "'2011 [YR2012]'", id="another-year-in-brackets"),
        pytest.param([True, False], "'True', 'False'", id="truth-values"),
        pytest.param([2011, None], "1 of 2 rows name no period", id="P6-missing"),
    ],
)
def test_what_is_no_period(cells, what):
    with pytest.raises(DataError) as caught:
        times(cells)
    assert caught.value.where.startswith("panel.csv: column 't', row")
    assert what in caught.value.what
    assert "2011Q2" in caught.value.expected
    assert caught.value.hint


@pytest.mark.parametrize(
    ("years", "is_refused"),
    [
        pytest.param([98, 99, 0, 1, 2, 3], True, id="every-year"),
        pytest.param([80, 81, 82, 83], False, id="one-century"),
        pytest.param([0, 99], False, id="two"),
    ],
)
def test_years_of_two_digits_that_pass_a_century_are_refused(years, is_refused):
    if not is_refused:
        assert times(years).ordinals.tolist() == years
        return
    with pytest.raises(DataError, match="years of two digits") as caught:
        times(years)
    first, last = (int(years[0]), int(years[-1]))
    assert caught.value.what.startswith(f"the periods run from {first} over 99 to 0{last}:")
    assert caught.value.expected == "years of four digits, such as 1998 and 2003"
