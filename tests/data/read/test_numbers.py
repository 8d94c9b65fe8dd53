import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from harness.data.messages import RowLocator
from harness.data.read.numbers import cast_note, require_numbers
from harness.errors import DataError

MISSING = frozenset(("", "NA"))


def numbers(cells, **options):
    column = pd.Series(cells, name="x", **options)
    frame = pd.DataFrame({"id": ["a"] * len(column), "year": range(len(column)), "x": column})
    names = RowLocator("panel.csv", frame, "id", "year")
    return require_numbers(frame["x"], MISSING, name="x", locator=names)


@pytest.mark.parametrize(
    ("cells", "options", "expected"),
    [
        pytest.param([True, False], {}, [1, 0], id="P24-truth-values"),
        pytest.param([True, None], {"dtype": "boolean"}, [1, np.nan], id="truth-values-with-gaps"),
        pytest.param([1, None], {"dtype": "Int64"}, [1, np.nan], id="P26-nullable-integers"),
        pytest.param([1.5, None], {"dtype": "Float32"}, [1.5, np.nan], id="P36-nullable-floats"),
        pytest.param([1.5, 2], {"dtype": "float32"}, [1.5, 2], id="P36-small-floats"),
        pytest.param([Decimal("1.5"), None], {"dtype": object}, [1.5, np.nan], id="P26-decimals"),
        pytest.param(
            [1, 2.5, None, "NA", np.int8(3)], {"dtype": object}, [1, 2.5, np.nan, np.nan, 3], id="P26-objects"
        ),
        pytest.param([2**60, 1], {}, [2.0**60, 1], id="large-yet-exact"),
        pytest.param([2, 1], {"dtype": "category"}, [2, 1], id="categories-that-are-numbers"),
    ],
)
def test_what_is_a_number(cells, options, expected):
    np.testing.assert_array_equal(numbers(cells, **options), np.array(expected, dtype=np.float64))


@pytest.mark.parametrize(
    ("cells", "options", "what", "hint"),
    [
        pytest.param(
            ["1,234", "5"],
            {},
            "1 of 2 cells are not numbers: '1,234'",
            'thousands: ","',
            id="F11-mixed",
        ),
        pytest.param(["1,234", "12,345.6"], {}, "'1,234'", 'thousands: ","', id="F11-thousands"),
        pytest.param(["12.3%", "4％"], {}, "'12.3%', '4％'", "percent: fraction", id="per-cents"),
        pytest.param(["1,5", "2,25"], {}, "'1,5', '2,25'", 'decimal: ","', id="decimal-commas"),
        pytest.param(["1.5", "2"], {}, "'1.5', '2'", "stored as text", id="F12-numbers-as-text"),
        pytest.param(["—", "n/a"], {}, "'—', 'n/a'", "data: missing_values", id="F13-unlisted-missing"),
        pytest.param(
            [1.5, "#DIV/0!"], {"dtype": object}, "1 of 2", "data: missing_values", id="F13-error-cell"
        ),
        pytest.param([1, " "], {"dtype": object}, "' '", "data: missing_values", id="F13-blank"),
        pytest.param(["１２", "３"], {}, "'１２', '３'", "correct the cells", id="F17-fullwidth"),
        pytest.param(["9007199254740993", "1"], {}, "'9007199254740993'", "too long", id="F16-text"),
        pytest.param(
            [2**53 + 1, 1], {}, "1 of 2 cells are not numbers: '9007199254740993'", "unit", id="F16"
        ),
        pytest.param([2**53 + 1, None], {"dtype": object}, "'9007199254740993'", "unit", id="F16-with-gaps"),
        pytest.param([2**53 + 1, None], {"dtype": "Int64"}, "'9007199254740993'", "unit", id="F16-nullable"),
        pytest.param([2**70 + 1, 1], {"dtype": object}, f"'{2**70 + 1}'", "unit", id="F16-beyond-int64"),
        pytest.param([1 + 2j, 1j], {}, "2 of 2", "real", id="P27-complex"),
        pytest.param(["low", "high"], {"dtype": "category"}, "'low', 'high'", "columns of 0 and 1", id="P25"),
        pytest.param([datetime.datetime(2011, 1, 1)], {}, "'2011-01-01 00:00:00'", "a year", id="dates"),
        pytest.param([[1], [2]], {"dtype": object}, "2 of 2", "unit", id="lists"),
    ],
)
def test_what_is_no_number(cells, options, what, hint):
    with pytest.raises(DataError) as caught:
        numbers(cells, **options)
    assert caught.value.where.startswith("panel.csv: column 'x', row")
    assert what in caught.value.what
    assert hint in caught.value.hint
    assert "2^53" in caught.value.expected


def test_first_five_of_many_rows_are_named():
    with pytest.raises(DataError) as caught:
        numbers([f"n{at}" for at in range(8)])
    assert caught.value.where == (
        "panel.csv: column 'x', rows 0 (a, 0), 1 (a, 1), 2 (a, 2), 3 (a, 3), 4 (a, 4) and 3 more"
    )
    assert caught.value.what == "8 of 8 cells are not numbers: 'n0', 'n1', 'n2', 'n3', 'n4'"


@pytest.mark.parametrize(
    ("cells", "where", "what", "hint"),
    [
        pytest.param(
            [1.0, np.inf, -np.inf],
            "rows 1 (a, 1), 2 (a, 2)",
            "2 of 3 cells are infinite",
            "missing: drop",
            id="P5",
        ),
        pytest.param([1.0, 1e200], "row 1 (a, 1)", "as large as 1e+200", "rescale", id="P21-large"),
        pytest.param([1e-200, 0.0], "column 'x'", "as small as 1e-200", "rescale", id="P21-small"),
    ],
)
def test_numbers_out_of_range(cells, where, what, hint):
    with pytest.raises(DataError) as caught:
        numbers(cells)
    assert where in caught.value.where
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_a_number_that_begins_with_zero_has_no_thousands():
    with pytest.raises(DataError) as caught:
        numbers(["0,800", "0,125"])
    assert caught.value.hint == 'say how decimals are written, data: decimal: ","'


def test_small_numbers_beside_ordinary_ones():
    np.testing.assert_array_equal(numbers([1e-308, 1.0]), [1e-308, 1.0])


def test_a_cast_is_noted():
    note = cast_note(pd.Series([Decimal("1.5"), 2], dtype=object), name="x")
    assert note is not None
    assert (note.code, note.where) == ("W-CAST", "x")
    assert "Decimal, int" in note.message
    assert cast_note(pd.Series([1.5]), name="x") is None
