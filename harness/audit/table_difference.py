"""What differs between a table of one run and the same table of another, given how close numbers must be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.arrays import Floats
from harness.tables.table import ResultTable


@dataclass(frozen=True)
class Tolerance:
    """Numbers are equal where they are no further apart than ``atol + rtol * the larger of the two``.

    Attributes
    ----------
    rtol : >= 0, share of the larger absolute value
    atol : >= 0, in the unit of the numbers
    """

    rtol: float = 1e-8
    atol: float = 1e-12

    def excess(self, a: Floats, b: Floats) -> Floats:
        """Return distances over what is allowed, (n,): above 1 where numbers differ.

        Two missing numbers are equal, and so are two infinite ones of one sign; a number and a missing one
        are infinitely far apart.
        """
        alike = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            expected = self.atol + self.rtol * np.fmax(np.abs(a), np.abs(b))
            ratio = np.abs(a - b) / expected
        return np.where(alike, 0.0, np.where(np.isfinite(a) & np.isfinite(b), ratio, np.inf))

    def near(self, values: Floats) -> NDArray[np.intp]:
        """Return a number for each value, (n,), the same for values that follow each other this closely."""
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        steps = self.excess(ordered[1:], ordered[:-1]) > 1.0
        numbers = np.empty(values.size, dtype=np.intp)
        numbers[order] = np.concatenate([[0], np.cumsum(steps)])[: values.size]
        return numbers


# What is said for an empty cell.
NOTHING = "nothing"

# Rows that are listed where more are in one table only.
SHOWN = 5

# How close keys must be to be the same, such as the exposures of two grids.
ROUNDING = Tolerance()

_PLACE = "place among equals"
_ROW = "row"


@dataclass(frozen=True)
class ColumnDifference:
    """Cells of one column that differ.

    Attributes
    ----------
    n_cells : how many
    row : where they differ most, as its keys; where texts differ, the first
    a, b : what the two tables hold there
    """

    column: str
    n_cells: int
    row: str
    a: str
    b: str


@dataclass(frozen=True)
class RowsOnly:
    """Rows that only one of the tables has.

    Attributes
    ----------
    n_rows : how many
    first : the keys of the first `SHOWN`
    """

    n_rows: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableDifference:
    """How two tables of one name differ.

    Attributes
    ----------
    n_matched : rows that both have
    only_a, only_b : rows that one of them has
    columns_a, columns_b : names of columns that one of them has
    columns : of both, that differ
    """

    table: str
    n_matched: int
    only_a: RowsOnly
    only_b: RowsOnly
    columns_a: tuple[str, ...]
    columns_b: tuple[str, ...]
    columns: tuple[ColumnDifference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        rows = self.only_a.n_rows + self.only_b.n_rows
        return not (rows or self.columns_a or self.columns_b or self.columns)

    def lines(self, a: str, b: str) -> Iterator[str]:
        """Yield what differs, line by line.

        Parameters
        ----------
        a, b : where what the two tables hold is, such as ``in A``
        """
        for column in self.columns:
            cells = "1 cell differs" if column.n_cells == 1 else f"{column.n_cells} cells differ, most"
            held = f"{a} {column.a or NOTHING}, {b} {column.b or NOTHING}"
            yield f"{column.column}: {cells} at {column.row}: {held}"
        for side, names in ((a, self.columns_a), (b, self.columns_b)):
            if names:
                yield f"columns only {side}: {', '.join(names)}"
        for side, only in ((a, self.only_a), (b, self.only_b)):
            if only.n_rows:
                count = f"{only.n_rows} row{'s' if only.n_rows > 1 else ''}"
                rest = [f"and {only.n_rows - SHOWN} more"] if only.n_rows > SHOWN else []
                yield f"{count} only {side}: {'; '.join([*only.first, *rest])}"


def table_difference(
    table: str, a: pd.DataFrame, b: pd.DataFrame, *, keys: Sequence[str], tolerance: Tolerance
) -> TableDifference:
    """Compare two tables, whatever the order of their rows and columns.

    Parameters
    ----------
    table : its name
    keys : columns that rows are matched by; keys that are numbers match up to rounding, and rows with equal
        keys match in their order
    """
    shared = [name for name in keys if name in a and name in b]
    left, right = _matchable(a, b, shared)
    on = [*range(len(shared)), _PLACE]
    both = left.merge(right, on=on, how="outer", suffixes=("_a", "_b"), indicator=True, sort=False)
    sides = {side: both.loc[both["_merge"] == side] for side in ("both", "left_only", "right_only")}
    rows_a = sides["both"][f"{_ROW}_a"].to_numpy(dtype=np.intp)
    rows_b = sides["both"][f"{_ROW}_b"].to_numpy(dtype=np.intp)
    values = [str(name) for name in a if name in b and name not in shared]
    return TableDifference(
        table=table,
        n_matched=int(rows_a.size),
        only_a=_only(a, sides["left_only"][f"{_ROW}_a"], shared),
        only_b=_only(b, sides["right_only"][f"{_ROW}_b"], shared),
        columns_a=tuple(str(name) for name in a if name not in b),
        columns_b=tuple(str(name) for name in b if name not in a),
        columns=tuple(_columns(a.iloc[rows_a], b.iloc[rows_b], values, keys=shared, tolerance=tolerance)),
    )


def key_of(declared: ResultTable | None, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns that tell the rows of a table apart: those of text where none are declared."""
    if declared is not None:
        return declared.key
    return tuple(str(column) for column in frame if not pd.api.types.is_numeric_dtype(frame[column]))


def _matchable(a: pd.DataFrame, b: pd.DataFrame, keys: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the keys of both as whole numbers, the same for equal keys, and the place among rows alike."""
    codes = pd.DataFrame(
        {at: _codes(a[name], b[name]) for at, name in enumerate(keys)}, index=pd.RangeIndex(len(a) + len(b))
    )
    sides = []
    for side in (codes.iloc[: len(a)], codes.iloc[len(a) :]):
        place = side.groupby(list(side.columns)).cumcount() if len(keys) else np.arange(len(side))
        sides.append(side.assign(**{_PLACE: place, _ROW: np.arange(len(side))}))
    return sides[0], sides[1]


def _codes(a: pd.Series, b: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    if _is_number(a) and _is_number(b):
        return ROUNDING.near(np.concatenate([_floats(a), _floats(b)]))
    codes: np.ndarray[tuple[int], np.dtype[np.intp]] = pd.factorize(np.concatenate([_texts(a), _texts(b)]))[0]
    return codes


def _only(frame: pd.DataFrame, rows: pd.Series, keys: Sequence[str]) -> RowsOnly:
    at = np.sort(rows.to_numpy(dtype=np.intp))
    return RowsOnly(int(at.size), tuple(_spelled(frame, int(row), keys) for row in at[:SHOWN]))


def _columns(
    a: pd.DataFrame, b: pd.DataFrame, names: Sequence[str], *, keys: Sequence[str], tolerance: Tolerance
) -> Iterator[ColumnDifference]:
    """Yield the columns that differ; the rows of both frames are matched."""
    for name in names:
        left, right = a[name], b[name]
        if _is_number(left) and _is_number(right):
            excess = tolerance.excess(_floats(left), _floats(right))
        else:
            excess = np.where(_texts(left) == _texts(right), 0.0, np.inf)
        if (excess > 1.0).any():
            row = int(excess.argmax())
            held = (str(_texts(side)[row]) for side in (left, right))
            yield ColumnDifference(str(name), int((excess > 1.0).sum()), _spelled(a, row, keys), *held)


def _spelled(frame: pd.DataFrame, row: int, keys: Sequence[str]) -> str:
    """Return the keys of a row as ``outcome=co2, estimator=fe``, or its number where there are none."""
    cells = [f"{name}={text}" for name in keys if (text := _texts(frame[name].iloc[[row]])[0])]
    return ", ".join(cells) or f"row {row + 1}"


def _is_number(column: pd.Series) -> bool:
    """Whether a column holds numbers; one without any cell may be either."""
    is_numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return is_numeric or bool(column.isna().all())


def _floats(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _texts(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return cells as texts, a missing one as an empty text."""
    codes, levels = pd.factorize(column.astype(object))
    texts = [repr(level) if isinstance(level, float) else str(level) for level in levels]
    # A missing cell has the code -1, so its text stands last.
    return np.array([*texts, ""], dtype=object)[codes]
