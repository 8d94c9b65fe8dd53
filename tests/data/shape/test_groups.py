"""Groups of rows: their order, and the rows that belong to none."""

from __future__ import annotations

import pandas as pd
import pytest

from harness import DataError
from harness.data.messages import RowLocator
from harness.data.rules import ColumnRule
from harness.data.shape.panel_index import read_groups


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
