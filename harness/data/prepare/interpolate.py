"""Missing cells filled on a straight line between an entity's periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName
from harness.data.note import Note
from harness.data.prepare.account import Account
from harness.data.prepare.step import Calendar, Column


@dataclass(frozen=True)
class Interpolate:
    """``- interpolate: {columns: [lpg, gas], limit: 2}``, the one step that fills columns in place.

    A missing cell between two periods of the same entity that have a value is filled on the straight line
    between them, by the calendar. Cells before an entity's first value and after its last stay missing. All
    the entity's rows are used, whatever fold they are in; the report counts the cells that were filled, and
    ``interpolated.csv`` lists them.

    Attributes
    ----------
    columns : to fill
    limit : periods without a value that are filled at most; a longer gap stays as it is
    """

    name: ClassVar[str] = "interpolate"

    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    limit: Annotated[int, Field(ge=1, le=1000)]

    @property
    def parts(self) -> tuple[FillGaps, ...]:
        """One step for each column."""
        return tuple(FillGaps(column, self.limit) for column in self.columns)


@dataclass(frozen=True)
class FillGaps:
    """Interpolation of one column.

    Attributes
    ----------
    of : the column
    limit : periods in the longest gap that is filled
    """

    name: ClassVar[str] = Interpolate.name

    of: str
    limit: int

    @property
    def into(self) -> str:
        """The column itself."""
        return self.of

    @property
    def inputs(self) -> tuple[str, ...]:
        """The column itself."""
        return (self.of,)

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column with its gaps filled."""
        column = columns[self.of]
        filled = interpolate(column.cells, ~column.unreached, calendar, limit=self.limit)
        return Column(filled, column.unreached)

    def filled(self, columns: Mapping[str, Column], made: Column) -> Mask:
        """Return the cells, (n_obs,), that were missing and no longer are."""
        return np.isnan(columns[self.of].cells) & np.isfinite(made.cells)

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many cells were filled, and which, and a warning where there are any."""
        filled = self.filled(columns, made)
        count, n_obs = int(filled.sum()), made.cells.size
        left = int((np.isnan(made.cells) & ~made.unreached).sum())
        detail = f"{count} of {n_obs} cells filled ({count / n_obs:.1%}), {left} still missing"
        message = (
            f"{count} of {n_obs} cells ({count / n_obs:.1%}) were missing and lie on a straight line between "
            "the entity's neighbouring periods, whatever fold those are in."
        )
        return Account(detail, (Note("W-INTERPOLATED", self.of, message),) if count else (), filled)


def interpolate(values: Floats, fillable: Mask, calendar: Calendar, *, limit: int) -> Floats:
    """Return a column, (n_obs,), with short gaps within entities filled on straight lines.

    Parameters
    ----------
    values : (n_obs,), NaN where missing
    fillable : (n_obs,), cells that may be filled
    calendar : of the rows
    limit : periods without a value in the longest gap that is filled
    """
    order = np.lexsort((calendar.period, calendar.entity))
    value, entity, period = values[order], calendar.entity[order], calendar.period[order]
    known = np.flatnonzero(np.isfinite(value))
    empty = np.flatnonzero(np.isnan(value) & fillable[order])
    following = np.searchsorted(known, empty)
    empty, following = (rows[(following > 0) & (following < known.size)] for rows in (empty, following))
    left, right = known[following - 1], known[following]
    reach = period[right] - period[left]
    within = (entity[left] == entity[empty]) & (entity[right] == entity[empty]) & (reach <= limit + 1)
    empty, left, right, reach = (rows[within] for rows in (empty, left, right, reach))
    share = (period[empty] - period[left]) / reach
    filled = values.copy()
    filled[order[empty]] = value[left] + share * (value[right] - value[left])
    return filled
