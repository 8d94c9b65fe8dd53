import numpy as np
import pandas as pd
import pytest

from harness.data.messages import RowLocator
from harness.data.rules import RowFilter
from harness.data.shape.row_filter import select_rows
from harness.errors import DataError

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
