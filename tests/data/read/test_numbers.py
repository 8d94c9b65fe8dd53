"""Columns as numbers: what is one, what is refused, and types of texts and objects."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from harness.data.messages import RowLocator
from harness.data.read.number_text import is_exact
from harness.data.read.numbers import cast_note, require_numbers, type_objects, type_texts
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
        pytest.param([1.5, None], {"dtype": "Float32"}, [1.5, np.nan], id="P36-nullable-floats"),
        pytest.param([Decimal("1.5"), None], {"dtype": object}, [1.5, np.nan], id="P26-decimals"),
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
        pytest.param(["1,5", "2,25"], {}, "'1,5', '2,25'", 'decimal: ","', id="decimal-commas"),
        pytest.param(
            [1.5, "#DIV/0!"], {"dtype": object}, "1 of 2", "data: missing_values", id="F13-error-cell"
        ),
        pytest.param(["１２", "３"], {}, "'１２', '３'", "correct the cells", id="F17-fullwidth"),
        pytest.param([2**53 + 1, None], {"dtype": object}, "'9007199254740993'", "unit", id="F16-with-gaps"),
        pytest.param([1 + 2j, 1j], {}, "2 of 2", "real", id="P27-complex"),
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


def test_a_cast_is_noted():
    [note] = cast_note(pd.Series([Decimal("1.5"), 2], dtype=object), name="x")
    assert (note.code, note.where) == ("W-CAST", "x")
    assert "Decimal, int" in note.message
    assert cast_note(pd.Series([1.5]), name="x") == ()


@pytest.mark.parametrize("cell", ["inf", "0x10", "1,5", "--1", "Infinity"])
def test_what_python_reads_as_a_number_and_we_do_not(cell):
    assert type_texts(["1", cell], MISSING).tolist() == ["1", cell]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        pytest.param([1, 2], "int64", id="whole"),
        pytest.param([1, 2.5], "float64", id="mixed-numbers"),
        pytest.param([True, 1], "object", id="truth-values-and-numbers"),
        pytest.param([datetime.datetime(2011, 1, 1), 2011], "object", id="dates-and-numbers"),
    ],
)
def test_types_of_columns_of_objects(cells, dtype):
    assert type_objects(cells, MISSING).dtype == dtype


@pytest.mark.parametrize(
    ("number", "exact"),
    [(2**53, True), (-(2**53) - 1, False), (10**400, False)],
)
def test_whole_numbers_that_float64_holds(number, exact):
    assert is_exact(number) is exact
