"""Keys of rows, their order and groups, and which rows the spec keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.data.messages import RowLocator
from harness.data.rules import ColumnRule, RowFilter
from harness.data.shape.rows import PanelIndex, read_groups, read_index, select_rows
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
        pytest.param([2011], [0], id="one-period"),
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
        pytest.param(
            [2011, 2012],
            ["Lyon", "Paris"],
            "column 'year'",
            "no periods",
            "swapped?",
            id="P3-swapped-with-text",
        ),
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


def labels(sizes: list[object], rule: ColumnRule | None = None) -> tuple[str, ...]:
    (key,) = read_groups(names_of(sizes), ["size"], {} if rule is None else {"size": rule})
    assert [key.labels[code] for code in key.codes] == [str(size) for size in sizes]
    return key.labels


def test_groups_stand_in_alphabetical_order():
    assert labels(["small", "mega", "large"]) == ("large", "mega", "small")


def test_numbers_stand_in_their_order():
    assert labels([10, 9, 2]) == ("2", "9", "10")


def test_a_rule_that_lists_values_orders_the_groups():
    rule = ColumnRule(allowed=("mega", "large", "middling", "small"))
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
        pytest.param({}, [0, 1, 2, 3, 4, 5], id="no-rule"),
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


def test_rules_that_do_not_fit_come_together():
    with pytest.raises(DataError) as caught:
        select({"id": RowFilter(exclude=("Lhassa",)), "year": RowFilter(from_=2013)})
    assert len(caught.value.problems) == 2
