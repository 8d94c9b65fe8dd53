import datetime

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
        pytest.param(["2011年", "２０１２年"], "whole number", ["2011", "2012"], id="P9-F17-chinese"),
        pytest.param(["2011年第4季度", "2012Q1"], "quarter", ["2011Q4", "2012Q1"], id="quarters-in-chinese"),
        pytest.param(["2011年四季度", "2012年一季度"], "quarter", ["2011Q4", "2012Q1"], id="numerals"),
        pytest.param(["2011年12月", "2012/1"], "month", ["2011-12", "2012-01"], id="months-in-chinese"),
        pytest.param(["2011/12/31", "2012/12/31"], "whole number", ["2011", "2012"], id="slashes"),
        pytest.param(["2011年1月2日", "2011.1.3"], "day", ["2011-01-02", "2011-01-03"], id="days-in-chinese"),
        pytest.param([2011.0, 2012.0], "whole number", ["2011", "2012"], id="P10-whole-floats"),
        pytest.param(["2011", "2012"], "whole number", ["2011", "2012"], id="P9-years-as-text"),
        pytest.param([-3, 0, 7], "whole number", ["-3", "0", "7"], id="counted"),
        pytest.param(["2011Q4", "2012-q1"], "quarter", ["2011Q4", "2012Q1"], id="quarters"),
        pytest.param(["2011-12", "2012m1"], "month", ["2011-12", "2012-01"], id="months"),
        pytest.param(["2011-12-30", "2011-12-31"], "day", ["2011-12-30", "2011-12-31"], id="days"),
        pytest.param(["2011-12-31", "2012-12-31"], "whole number", ["2011", "2012"], id="ends-of-years"),
        pytest.param(["2011-03-31", "2011-06-30"], "quarter", ["2011Q1", "2011Q2"], id="ends-of-quarters"),
        pytest.param(["2012-01-31", "2012-02-29"], "month", ["2012-01", "2012-02"], id="ends-of-months"),
        pytest.param(
            pd.to_datetime(["2011-01-01", "2012-01-01"]), "whole number", ["2011", "2012"], id="dates"
        ),
        pytest.param(
            pd.period_range("2011Q4", periods=2, freq="Q"), "quarter", ["2011Q4", "2012Q1"], id="P10-periods"
        ),
        pytest.param(
            [datetime.date(2011, 5, 1), datetime.date(2011, 6, 1)],
            "month",
            ["2011-05", "2011-06"],
            id="date-objects",
        ),
        pytest.param(
            pd.Series([datetime.datetime(2011, 5, 1), datetime.date(2011, 5, 2)], dtype=object),
            "day",
            ["2011-05-01", "2011-05-02"],
            id="mixed-dates",
        ),
        pytest.param(
            ["2009-10", "2010-11", "2011-12"], "fiscal year", ["2009-10", "2010-11", "2011-12"], id="spans"
        ),
        pytest.param(["2012/13", "2013/14"], "fiscal year", ["2012-13", "2013-14"], id="spans-with-slashes"),
        pytest.param(["1999–2000", "2000–2001"], "fiscal year", ["1999-00", "2000-01"], id="long-spans"),
        pytest.param(["2009-10", "2009-11"], "month", ["2009-10", "2009-11"], id="months-beside-a-span"),
        pytest.param(["2009-10", "2009-10"], "month", ["2009-10", "2009-10"], id="a-span-alone-is-a-month"),
        pytest.param([201012, 201101], "month", ["2010-12", "2011-01"], id="months-in-digits"),
        pytest.param(["20101231", "20111231"], "whole number", ["2010", "2011"], id="days-in-digits"),
        pytest.param([201012, 201113], "whole number", ["201012", "201113"], id="digits-of-no-month"),
        pytest.param(["Q4 2011", "Q1-2012"], "quarter", ["2011Q4", "2012Q1"], id="quarters-first"),
        pytest.param(["31.01.2011", "28.2.2011"], "month", ["2011-01", "2011-02"], id="days-first"),
        pytest.param(
            ["2011-12-31 00:00:00", "2012-12-31T00:00:00.000"],
            "whole number",
            ["2011", "2012"],
            id="midnights",
        ),
        pytest.param(["FY2011", "2012 [YR2012]"], "whole number", ["2011", "2012"], id="marked-years"),
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
        (["2011-11", "2012-02"], 3),
        (["2011-12-31", "2014-12-31"], 3),
        (["2011-02-27", "2011-03-01"], 2),
        ([2011, 2013], 2),
        ([201012, 201102], 2),
        (["2009-10", "2012-13"], 3),
    ],
)
def test_positions_count_periods(cells, distance):
    first, last = times(cells).ordinals.tolist()
    assert last - first == distance


def test_moments_of_a_zone_keep_their_own_date():
    read = times(pd.to_datetime(["2011-01-01", "2012-01-01"]).tz_localize("Asia/Shanghai"))
    assert (read.labels, read.zone) == (["2011", "2012"], "Asia/Shanghai")


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        pytest.param([2011, 2011.5], "1 of 2 cells are no periods: '2011.5'", id="P10-fraction"),
        pytest.param(["2011", "2011Q2", "2012"], "1 of 3 cells are no periods: '2011Q2'", id="two-kinds"),
        pytest.param(["2011-13", "2011-12"], "'2011-13'", id="no-such-month"),
        pytest.param(["2011-02-29", "2011-02-28"], "'2011-02-29'", id="no-such-day"),
        pytest.param(["2011-12-31 06:00:00", "2012-12-31"], "'2011-12-31 06:00:00'", id="hours"),
        pytest.param(["2011 [YR2012]", "2012 [YR2012]"], "'2011 [YR2012]'", id="another-year-in-brackets"),
        pytest.param(["03/04/2011", "04/04/2011"], "'03/04/2011'", id="ambiguous-date"),
        pytest.param(
            pd.to_datetime(["2011-01-01 06:30", "2012-01-01 00:00"]),
            "'2011-01-01 06:30:00'",
            id="time-of-day",
        ),
        pytest.param([True, False], "'True', 'False'", id="truth-values"),
        pytest.param([1e300, 1.0], "'1e+300'", id="absurd"),
        pytest.param([2011, None], "1 rows name no period", id="P6-missing"),
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
        pytest.param(["95", "97", "99", "01", "03"], True, id="every-other-year"),
        pytest.param([80, 81, 82, 83], False, id="one-century"),
        pytest.param([1, 4, 12, 24, 96], False, id="weeks-since-a-start"),
        pytest.param([0, 25, 50, 75], False, id="even-steps"),
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
