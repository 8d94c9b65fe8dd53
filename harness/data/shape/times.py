"""The time column: which period a row belongs to."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.data.locations import RowLocator, quoted
from harness.data.shape.period_kind import (
    DAYS,
    INTEGERS,
    PeriodKind,
    kind_of_dates,
    kind_of_texts,
    position_of,
)
from harness.errors import DataError, Problem

EXPECTED = (
    "whole numbers such as 2011, fiscal years 2010-11, quarters 2011Q2, months 2011-04, or dates 2011-04-30, "
    "one kind throughout"
)


@dataclass(frozen=True, eq=False)
class Times:
    """The periods of a column.

    Attributes
    ----------
    kind : years and other whole numbers, fiscal years, quarters, months or days
    ordinals : (n_obs,), position of the period among all periods of its kind
    zone : time zone that the column's moments were given in; empty where there was none
    """

    kind: PeriodKind
    ordinals: Ints
    zone: str = ""

    @property
    def labels(self) -> list[str]:
        """Name of each row's period, (n_obs,)."""
        return [self.kind.label(ordinal) for ordinal in self.ordinals.tolist()]


def read_times(column: pd.Series, *, name: str, locator: RowLocator) -> Times:
    """Return the periods of a column, (n_obs,).

    Dates that repeat one day a year are years, one day a quarter or a month quarters and months.

    Raises
    ------
    DataError
        Where a cell is missing, or is no period of the kind that the others are, and where years of two
        digits pass a century.
    """
    absent = column.isna().to_numpy(dtype=np.bool_)
    if absent.any():
        raise DataError(
            Problem(
                where=locator.column(name, absent),
                what=f"{int(absent.sum())} rows name no period",
                expected=EXPECTED,
                hint=f"fill the cells in; {locator.left_out(absent) or 'or take the rows out of the file'}",
            )
        )
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.start_time
    if pd.api.types.is_datetime64_any_dtype(column):
        return _from_moments(column, name=name, locator=locator)
    return _from_cells([written_period(cell) for cell in column], name=name, locator=locator)


def _from_moments(column: pd.Series, *, name: str, locator: RowLocator) -> Times:
    """Return the periods of moments, which must be midnights, as their own time zone writes them."""
    zone = str(column.dtype.tz) if isinstance(column.dtype, pd.DatetimeTZDtype) else ""
    local = column.dt.tz_localize(None)
    _refuse((local != local.dt.normalize()).tolist(), column.tolist(), name=name, locator=locator)
    return _from_dates(local.dt.date.tolist(), zone=zone)


def _from_dates(dates: Sequence[datetime.date], *, zone: str = "") -> Times:
    kind = kind_of_dates(dates)
    return Times(kind, np.array([position_of(date, kind) for date in dates], dtype=np.int64), zone)


def _from_cells(cells: Sequence[str], *, name: str, locator: RowLocator) -> Times:
    """Return the periods of cells by the kind that fits most of them."""
    kind = kind_of_texts(cells)
    positions = [kind.parse(cell) for cell in cells]
    _refuse([position is None for position in positions], cells, name=name, locator=locator)
    whole = [position for position in positions if position is not None]
    if kind is INTEGERS:
        _refuse_two_digits(sorted(set(whole)), name=name, locator=locator)
    if kind is DAYS:
        return _from_dates([datetime.date.fromordinal(position) for position in whole])
    return Times(kind, np.array(whole, dtype=np.int64))


def written_period(cell: object) -> str:
    """Return a cell as it would be written in a text file; a truth value is no period."""
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return str(cell)


def _refuse(refused: Sequence[bool], cells: Sequence[object], *, name: str, locator: RowLocator) -> None:
    """Raise a DataError where some cells, (n_obs,), are no periods."""
    if any(refused):
        found = [cell for cell, is_refused in zip(cells, refused, strict=True) if is_refused]
        raise DataError(
            Problem(
                where=locator.column(name, np.array(refused, dtype=np.bool_)),
                what=f"{len(found)} of {len(cells)} cells are no periods: {quoted(found)}",
                expected=EXPECTED,
                hint="write the periods in one of these forms; or are entity and time swapped?",
            )
        )


_FEWEST = 4
"""Numbers that step evenly across the turn of a century by chance no more."""


def _refuse_two_digits(periods: Sequence[int], *, name: str, locator: RowLocator) -> None:
    """Raise a DataError where numbers below 100, in order, step evenly only once the small ones follow 99."""
    if len(periods) < _FEWEST or periods[0] < 0 or periods[-1] > 99:
        return
    later = [period + 100 for period in periods if period < 50]
    steps = set(np.diff([*(period for period in periods if period >= 50), *later]).tolist())
    if len(steps) == 1 and len(set(np.diff(periods).tolist())) > 1:
        first, last = periods[len(later)], later[-1] - 100
        raise DataError(
            Problem(
                where=locator.column(name),
                what=f"the periods run from {first:02d} over 99 to {last:02d}: years of two digits, "
                f"and {last:02d} would be taken as earlier than {first:02d}",
                expected="years of four digits, such as 1998 and 2003",
                hint="write the century into the column",
            )
        )
