"""Keys of rows, their order and groups, and which rows the spec keeps."""

import numpy as np
import pandas as pd
import pytest

from harness.data.messages import RowLocator
from harness.data.rules import ColumnSchema, RowFilter
from harness.data.shape.rows import PanelIndex, read_groups, read_index, select_rows
from harness.data.shape.times import Times, read_times
from harness.errors import DataError


def index(entity, time) -> PanelIndex:
    frame = pd.DataFrame({"id": entity, "year": time})
    return read_index(RowLocator("panel.csv", frame, "id", "year"))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([10, 9, 100], ("9", "10", "100"), id="whole-numbers"),
        pytest.param(["b", "a", "10"], ("10", "a", "b"), id="texts"),
        pytest.param(["北京", "上海", "NA"], ("NA", "上海", "北京"), id="chinese"),
    ],
)
def test_order_of_entities(labels, expected):
    assert index(labels, [2011] * 3).entity.labels == expected


@pytest.mark.parametrize(
    ("years", "period"),
    [
        pytest.param([2011, 2012, 2014], [0, 1, 3], id="gap"),
        pytest.param(["2011Q4", "2012Q2", "2012Q4"], [0, 1, 2], id="half-yearly"),
    ],
)
def test_periods_are_counted_in_the_panels_own_spacing(years, period):
    assert index(["a"] * len(years), years).period.tolist() == period


@pytest.mark.parametrize(
    ("entity", "time", "where", "what", "hint"),
    [
        pytest.param(
            ["a", "b", "a", "b"],
            [2011, 2011, 2011, 2012],
            "columns 'id' and 'year'",
            "1 rows repeat the entity and period of another: (a, 2011) in rows 0, 2",
            "take the doubles out",
            id="P1-duplicate",
        ),
        pytest.param(
            pd.Series([1, "a", "1"], dtype=object),
            [1, 2, 3],
            "column 'id'",
            "entities are of kind int, str: '1', 'a'",
            "store the column as text",
            id="P7-mixed",
        ),
        pytest.param([True, False], [1, 1], "column 'id'", "of kind bool", "as text", id="truth-values"),
        ([2011, 2012], ["Lyon", "Paris"], "column 'year'", "no periods", "swapped?"),
    ],
)
def test_broken_keys(entity, time, where, what, hint):
    with pytest.raises(DataError) as caught:
        index(entity, time)
    assert caught.value.where.startswith("panel.csv: ")
    assert where in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_both_keys_broken_come_together():
    with pytest.raises(DataError) as caught:
        index(["a", None], [2011, None])
    assert [problem.what for problem in caught.value.problems] == [
        "1 of 2 rows name no entity",
        "1 of 2 rows name no period",
    ]


def test_entities_that_look_alike_are_noted():
    [note] = index(["Beijing", "beijing ", "Ｂeijing", "Lhasa"], [1, 1, 1, 1]).notes
    assert note.code == "W-IDNEAR"
    assert "'Beijing' and 'beijing ' and 'Ｂeijing'" in note.message
    assert "Lhasa" not in note.message


def test_a_time_zone_is_noted():
    time = pd.to_datetime(["2011-01-01", "2012-01-01"]).tz_localize("Asia/Shanghai")
    read = index(["a", "a"], time)
    assert [note.code for note in read.notes] == ["W-TIMEZONE"]
    np.testing.assert_array_equal(read.period, [0, 1])


def names_of(sizes: list[object]) -> RowLocator:
    frame = pd.DataFrame({"city": [f"c{at}" for at in range(len(sizes))], "year": 2011, "size": sizes})
    return RowLocator("cities.csv", frame, "city", "year")


def labels(sizes: list[object], rule: ColumnSchema | None = None) -> tuple[str, ...]:
    (key,) = read_groups(names_of(sizes), ["size"], {} if rule is None else {"size": rule})
    assert [key.labels[code] for code in key.codes] == [str(size) for size in sizes]
    return key.labels


def test_groups_stand_in_alphabetical_order():
    assert labels(["small", "mega", "large"]) == ("large", "mega", "small")


def test_numbers_stand_in_their_order():
    assert labels([10, 9, 2]) == ("2", "9", "10")


def test_a_rule_that_lists_values_orders_the_groups():
    rule = ColumnSchema(allowed=("mega", "large", "middling", "small"))
    assert labels(["small", "large", "mega"], rule) == ("mega", "large", "small")


def test_a_row_that_belongs_to_no_group_is_refused():
    with pytest.raises(DataError, match="1 of 2 rows belong to no group"):
        read_groups(names_of(["small", None]), ["size"], {})


FRAME = pd.DataFrame(
    {
        "id": ["Lhasa", "Lhasa", "Xi'an", "Xi'an", "7", "7"],
        "year": [2011, 2012, 2011, 2012, 2011, 2012],
        "size": [1.0, 2.0, 3.0, np.nan, 5.0, 6.0],
        "pilot": [True, False, True, True, False, False],
        "rank": ["first", "first", None, "other", "other", "other"],
    }
)


def select(rules: dict[str, RowFilter], frame: pd.DataFrame = FRAME) -> list[int]:
    names = RowLocator("panel.csv", frame, "id", "year")
    return np.flatnonzero(select_rows(names, rules, frozenset())).tolist()


@pytest.mark.parametrize(
    ("rules", "rows"),
    [
        pytest.param({"year": RowFilter(to="2011")}, [0, 2, 4], id="to-as-text"),
        pytest.param({"id": RowFilter(include=("Lhasa", 7))}, [0, 1, 4, 5], id="include-number-of-a-text"),
        pytest.param({"size": RowFilter(exclude=(3,))}, [0, 1, 3, 4, 5], id="exclude-keeps-missing"),
        ({"year": RowFilter(from_=2012), "id": RowFilter(exclude=("7",))}, [1, 3]),
    ],
)
def test_rows_that_are_kept(rules, rows):
    assert select(rules) == rows


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        (RowFilter(from_="2011Q2", to="2011Q3"), [1, 2]),
        (RowFilter(to=2011), [0, 1, 2, 3]),
        (RowFilter(include=("2011Q4",)), [3]),
    ],
)
def test_a_bare_year_spans_its_quarters(rule, rows):
    quarters = pd.DataFrame({"id": "a", "year": ["2011Q1", "2011Q2", "2011Q3", "2011Q4", "2012Q1"]})
    assert select({"year": rule}, quarters) == rows


@pytest.mark.parametrize(
    ("rules", "where", "what", "hint"),
    [
        ({"id": RowFilter(exclude=("Lhassa",))}, "'id'", "'Lhassa'", "did you mean 'Lhasa'?"),
        ({"year": RowFilter(from_=2013)}, "'year'", "between 2013 and any", "from and to"),
        ({"size": RowFilter(from_="big")}, "'size'", "'big' is no number", "quotes"),
        pytest.param(
            {"year": RowFilter(to=2011), "id": RowFilter(include=("7",)), "size": RowFilter(to=2)},
            "data.rows",
            "0 rows are left",
            "widen",
            id="nothing-left",
        ),
    ],
)
def test_rules_that_do_not_fit(rules, where, what, hint):
    with pytest.raises(DataError) as caught:
        select(rules)
    assert where in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_a_text_that_stands_for_a_missing_number_is_in_no_range():
    frame = pd.DataFrame({"id": ["a", "b", "c"], "year": 2011, "size": [1.0, "n.r.", 3.0]})
    kept = select_rows(
        RowLocator("panel.csv", frame, "id", "year"), {"size": RowFilter(from_=2)}, frozenset({"n.r."})
    )
    assert kept.tolist() == [False, False, True]


def test_rules_that_do_not_fit_come_together():
    with pytest.raises(DataError) as caught:
        select({"id": RowFilter(exclude=("Lhassa",)), "year": RowFilter(from_=2013)})
    assert len(caught.value.problems) == 2


def times(cells, **options) -> Times:
    column = pd.Series(cells, name="t", **options)
    return read_times(column, name="t", locator=RowLocator("panel.csv", column.to_frame(), "id", "t"))


@pytest.mark.parametrize(
    ("cells", "kind", "labels"),
    [
        pytest.param([2011, 2012], "whole number", ["2011", "2012"], id="years"),
        pytest.param(["2011年12月", "2012/1"], "month", ["2011-12", "2012-01"], id="months-in-chinese"),
        pytest.param(["2011-12-30", "2011-12-31"], "day", ["2011-12-30", "2011-12-31"], id="days"),
        (pd.to_datetime(["2011-01-01", "2012-01-01"]), "whole number", ["2011", "2012"]),
        (["2009-10", "2010-11", "2011-12"], "fiscal year", ["2009-10", "2010-11", "2011-12"]),
        pytest.param(["2009-10", "2009-10"], "month", ["2009-10", "2009-10"], id="a-span-alone-is-a-month"),
        pytest.param(["Q4 2011", "Q1-2012"], "quarter", ["2011Q4", "2012Q1"], id="quarters-first"),
        pytest.param([20114, 20121], "quarter", ["2011Q4", "2012Q1"], id="quarters-in-digits"),
        pytest.param(
            [201101, 201102, 201103, 201104, 201201],
            "quarter",
            ["2011Q1", "2011Q2", "2011Q3", "2011Q4", "2012Q1"],
            id="quarters-in-two-digits",
        ),
        pytest.param([201103, 201104], "month", ["2011-03", "2011-04"], id="months-of-one-year"),
        pytest.param([20114, 20115], "whole number", ["20114", "20115"], id="digits-that-are-no-quarters"),
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
