"""Columns as numbers, truth values, dates and texts: what is read as which, and what is refused."""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from harness.arrays import Floats, Mask
from harness.data.messages import RowLocator, few, quoted
from harness.data.read import number_text
from harness.errors import DataError
from harness.language import Coded, marked
from harness.tables.preparation import Note

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def type_texts(cells: Sequence[str], missing: frozenset[str]) -> pd.Series:
    """Return a column of texts as numbers or truth values where all its cells are, else as it is.

    Whole numbers of which some have zeros in front, such as 007, are codes.

    Parameters
    ----------
    cells : (n_obs,), as written
    missing : texts that stand for a missing number; among texts only the empty cell is missing
    """
    present = [cell for cell in cells if cell not in missing]
    if all(map(number_text.NUMBER.fullmatch, present)):
        if any(map(number_text.ZEROS_IN_FRONT.match, present)) and all(map(number_text.is_integer, present)):
            return texts(cells)
        typed = _numbers([None if cell in missing else number_text.number_from_text(cell) for cell in cells])
        return texts(cells) if typed is None else typed
    if all(cell in _TRUTH for cell in present):
        truths = [None if cell in missing else _TRUTH[cell] for cell in cells]
        return pd.Series(truths, dtype="bool" if len(present) == len(cells) else "boolean")
    return texts(cells)


def texts(cells: Sequence[str]) -> pd.Series:
    """Return a column of texts in which empty cells are missing."""
    return pd.Series([cell or None for cell in cells], dtype="object").infer_objects()


def _numbers(cells: Sequence[object]) -> pd.Series | None:
    """Return a column of numbers, None where empty; None where float64 does not hold a whole one exactly."""
    whole = [cell for cell in cells if isinstance(cell, int)]
    if not all(map(number_text.is_exact, whole)):
        return None
    is_whole = len(whole) == len(cells) and all(abs(number) <= number_text.EXACT for number in whole)
    return pd.Series(cells, dtype="int64" if is_whole else "float64")


def type_objects(cells: Sequence[object], missing: frozenset[str]) -> pd.Series:
    """Return a column of Python objects as numbers, truth values, dates or texts where all its cells are.

    Parameters
    ----------
    cells : (n_obs,), None where empty
    missing : texts that stand for a missing cell
    """
    kept = [None if isinstance(cell, str) and cell in missing else cell for cell in cells]
    kinds = {_kind(cell) for cell in kept if cell is not None}
    column = pd.Series(kept, dtype="object")
    if kinds <= {"number"}:
        typed = _numbers(kept)
        return column if typed is None else typed
    if kinds == {"date"}:
        return pd.Series(pd.to_datetime(column))
    if kinds == {"str"}:
        return texts(["" if cell is None else str(cell) for cell in cells])
    return column.infer_objects() if len(kinds) == 1 else column


def numbers_as_text(cells: Sequence[object], missing: frozenset[str]) -> list[str]:
    """Return the texts that are numbers in a column of nothing else, else none.

    Codes with zeros in front, such as ``007``, are no numbers.
    """
    texts_among = [cell for cell in cells if isinstance(cell, str) and cell not in missing]
    others = {_kind(cell) for cell in cells if cell is not None and not isinstance(cell, str)}
    are_numbers = others <= {"number"} and all(map(number_text.NUMBER.fullmatch, texts_among))
    return texts_among if are_numbers and not any(map(number_text.ZEROS_IN_FRONT.match, texts_among)) else []


def _kind(cell: object) -> str:
    if isinstance(cell, bool):
        return "truth"
    if isinstance(cell, int | float):
        return "number"
    return "date" if isinstance(cell, datetime.date) else type(cell).__name__


GREATEST = 1e38
# A column whose numbers go beyond these, in size, over- or underflows in some estimator: trees hold 32-bit
# floats, and products of two columns are squared.
LEAST = 1e-38

# Rows of units, or of notes, that a file may have.
_FEW_ROWS = 3

_CORRECT = (
    "correct the cells; list them in data: missing_values where they mean missing; "
    "turn groups into columns of 0 and 1 by the step dummies"
)


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column as numbers.

    Attributes
    ----------
    cells : (n_obs,), NaN where the cell is missing or refused
    refused : (n_obs,), cells that hold something, but no number that float64 holds
    """

    cells: Floats
    refused: Mask


def read_numbers(column: pd.Series, missing: frozenset[str]) -> Numbers:
    """Return a column as float64; truth values are 1 and 0, decimals and smaller floats are cast.

    Parameters
    ----------
    missing : texts that stand for a missing cell
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.dtype.categories.dtype)
    if pd.api.types.is_complex_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        present = column.notna().to_numpy(dtype=np.bool_)
        return Numbers(np.full(len(column), np.nan), present)
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        rounded = np.zeros(len(column), dtype=np.bool_)
        if pd.api.types.is_integer_dtype(column):
            for at in np.flatnonzero(np.abs(values) >= number_text.EXACT):
                rounded[at] = not number_text.is_exact(int(column.iloc[at]))
        return Numbers(values, rounded)
    cells = [_number(cell, missing) for cell in column]
    values = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return Numbers(values, np.array([cell is None for cell in cells], dtype=np.bool_))


def _number(cell: object, missing: frozenset[str]) -> float | None:
    """Return a cell as a number, NaN where it is missing, None where it is no number."""
    if isinstance(cell, str):
        return np.nan if cell in missing else None
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return np.nan
    if isinstance(cell, numbers.Integral):
        return float(cell) if number_text.is_exact(int(cell)) else None
    return float(cell) if isinstance(cell, Decimal | numbers.Real) else None


# What is wrong with infinite cells, what would do, and a remedy.
INFINITE = (
    marked("cells are infinite"),
    marked("finite numbers"),
    marked("correct the cells, or leave them empty and say data: missing: drop"),
)


def require_numbers(column: pd.Series, missing: frozenset[str], *, name: str, locator: RowLocator) -> Floats:
    """Return a column as float64, (n_obs,), NaN where a cell is missing.

    Raises
    ------
    DataError
        Where cells are no numbers, infinite, or out of the range that can be computed with.
    """
    read = read_numbers(column, missing)
    if read.refused.any():
        rows = strange_cells(column, read.refused)
        cells = column[rows].tolist()
        expected = Coded(
            "numbers such as -1234.5, whole ones up to 2^53; {missing} where missing",
            missing=quoted(sorted(missing)),
        )
        remedy = _other_rows(rows, locator) or _remedy(column, cells)
        locator.refuse(
            name, rows, Coded("cells are not numbers: {cells}", cells=quoted(cells)), expected, remedy
        )
    require_range(read.cells, name=name, locator=locator)
    return read.cells


def two_texts(column: pd.Series, *, name: str) -> tuple[str, ...]:
    """Return the two texts of a column that stand for 0 and 1, in this order; none for any other column.

    1 is the text that the column is named after, such as ``female``, or else the later in alphabetical order.
    Texts that are written like numbers, or say that a number is missing, are none of these.
    """
    found = [] if pd.api.types.is_numeric_dtype(column) else column.dropna().unique().tolist()
    plain = [" ".join(cell.casefold().split()) for cell in found if isinstance(cell, str)]
    are_numbers = any(map(number_text.is_marked_number, plain))
    if not len(found) == len(plain) == 2 or are_numbers or number_text.MISSING_TEXTS.intersection(plain):
        return ()
    return tuple(sorted(found, key=lambda text: (text.casefold() == name.casefold(), text)))


def require_no_codes(
    column: pd.Series, labels: Mapping[object, str], *, name: str, locator: RowLocator
) -> None:
    """Refuse a column of codes that are no numbers.

    Parameters
    ----------
    labels : by code; none for a column of another kind

    Raises
    ------
    DataError
        Where the column holds categories, or numbers without labels stand among the codes.
    """
    codes = [code for code in labels if isinstance(code, int | float)]
    shown = few([f"{code:g} ({labels[code]})" for code in codes])
    numeric = pd.api.types.is_numeric_dtype(column)
    if numeric and labels:
        numbers = few([f"{code:g}" for code in codes])
        hint = Coded(
            "data: labelled: {{{name}: [{numbers}]}} where they mean missing; {name}: number keeps all",
            name=name,
            numbers=numbers,
        )
        what = Coded("cells are codes with labels, {shown}; the others are numbers without", shown=shown)
        locator.refuse(
            name, column.isin(labels).to_numpy(), what, marked("numbers, or labels throughout"), hint
        )
    elif shown:
        what = Coded("holds categories: {shown}", shown=shown)
        hint = Coded(
            "make columns of 0 and 1 of it by the step dummies; "
            "data: labelled: {{{name}: number}} takes the codes for numbers",
            name=name,
        )
        raise DataError.at(locator.column(name), what, marked("numbers"), hint)


def require_range(values: Floats, *, name: str, locator: RowLocator) -> None:
    """Raise a DataError where numbers, (n_obs,), are infinite, or too large or small to compute with."""
    with np.errstate(invalid="ignore"):
        infinite, large = np.isinf(values), np.abs(values) > GREATEST
    locator.refuse(name, infinite, *INFINITE)
    greatest = float(np.nanmax(np.abs(values), initial=0.0))
    if large.any() or 0.0 < greatest < LEAST:
        where = locator.column(name, large if large.any() else None)
        what = Coded(
            marked("numbers as large as {greatest}")
            if large.any()
            else marked("numbers as small as {greatest}"),
            greatest=f"{greatest:.3g}",
        )
        expected = Coded("sizes from {least} to {greatest}", least=f"{LEAST:g}", greatest=f"{GREATEST:g}")
        raise DataError.at(where, what, expected, marked("rescale the column, that is, change its unit"))


def strange_cells(column: pd.Series, refused: Mask) -> Mask:
    """Return the refused cells that make a column one of texts: those that no number is written like."""
    written = [isinstance(cell, str) and number_text.NUMBER.fullmatch(cell) is not None for cell in column]
    strange = refused & ~np.array(written, dtype=np.bool_)
    return strange if strange.any() else refused


def _other_rows(rows: Mask, locator: RowLocator) -> str:
    """Return a hint where the cells are the first or last of a file alone, as units and notes are."""
    number = locator.frame.index
    at = np.flatnonzero(rows[np.argsort(number)])
    n_obs, count = rows.size, at.size
    if count > _FEW_ROWS or n_obs <= 2 * count or locator.frame.index.name is None:
        return ""
    if at[-1] == count - 1 or at[0] == n_obs - count:
        numbers = ", ".join(map(str, sorted(set(number[rows]))))
        return (
            f"if {locator.noun} {numbers} holds units or notes: data: skip_rows: [{numbers}]; else {_CORRECT}"
        )
    return ""


def _remedy(column: pd.Series, cells: Sequence[object]) -> str:
    written = [cell for cell in cells if isinstance(cell, str)]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "turn the groups into columns of 0 and 1 by the step dummies"
    if any(isinstance(cell, datetime.date | np.datetime64) for cell in cells):
        return "turn the dates into a number, such as a year"
    if not written:
        return "give the column in a unit whose numbers are real and of ordinary size"
    if all(map(number_text.NUMBER.fullmatch, written)):
        return "the numbers are stored as text, or are too long: store the column as numbers"
    plain = {" ".join(cell.split()) for cell in written}
    if not all(map(number_text.is_marked_number, plain)):
        return _CORRECT
    marks = number_text.number_marks(plain)
    if "percent" in marks:
        return "data: percent: number reads 12.3% as 12.3, and percent: fraction as 0.123"
    if "thousands" in marks:
        mark = marks["thousands"]
        return f'say what separates thousands, data: thousands: "{mark}"'
    return 'say how decimals are written, data: decimal: ","' if "decimal" in marks else _CORRECT


def cast_note(column: pd.Series, *, name: str) -> tuple[Note, ...]:
    """Return a note on a column of decimals or mixed objects that was cast to float64."""
    if column.dtype != object:
        return ()
    kinds = sorted({type(cell).__name__ for cell in column.dropna()})
    message = Coded("Cells of type {kinds} were converted to 64-bit floating point.", kinds=", ".join(kinds))
    return (Note("W-CAST", name, message),)
