"""A column's value some periods earlier or later, and its change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Ints
from harness.data.name import ColumnName
from harness.data.prepare.account import Account
from harness.data.prepare.step import Calendar, Column


@dataclass(frozen=True)
class _OfAnotherPeriod:
    """A column's value in another period.

    Attributes
    ----------
    sign : 1 for earlier, -1 for later periods
    direction : the same as a word
    """

    sign: ClassVar[int] = 1
    direction: ClassVar[str] = "earlier"

    into: ColumnName
    of: ColumnName
    periods: Annotated[int, Field(ge=1, le=1000)] = 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        return _shifted(columns[self.of], calendar.earlier(self.sign * self.periods))

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many rows have no row so many periods away."""
        n_without = int(made.unreached.sum())
        return Account(f"{self.periods} {self.direction}; {n_without} rows have no such period")


@dataclass(frozen=True)
class Lag(_OfAnotherPeriod):
    """``- lag: {into: invest_before, of: invest, periods: 1}``.

    Periods are counted on the calendar, not by rows: after a gap there is no value one period earlier. Rows
    without one are left out and counted in the report.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is taken from
    periods : how many periods earlier, at least 1
    """

    name: ClassVar[str] = "lag"


@dataclass(frozen=True)
class Lead(_OfAnotherPeriod):
    """``- lead: {into: digital_after, of: digital, periods: 1}``.

    It shows whether outcomes go with what has not happened yet. Periods are counted on the calendar, as those
    of a lag are.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is taken from
    periods : how many periods later, at least 1
    """

    name: ClassVar[str] = "lead"
    sign: ClassVar[int] = -1
    direction: ClassVar[str] = "later"


@dataclass(frozen=True)
class Difference(_OfAnotherPeriod):
    """``- difference: {into: gdp_change, of: gdp, periods: 1}``.

    Periods are counted on the calendar, as those of a lag are.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is computed from
    periods : over how many periods, at least 1
    """

    name: ClassVar[str] = "difference"

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        of, before = columns[self.of], super().across(columns, calendar)
        unreached = of.unreached | before.unreached
        return Column(np.where(unreached, np.nan, of.cells - before.cells), unreached)


def _shifted(of: Column, source: Ints) -> Column:
    """Return a column's cells of other rows, (n_obs,) positions, -1 where there is none."""
    found = source >= 0
    return Column(
        cells=np.where(found, of.cells[source], np.nan),
        unreached=~found | of.unreached[source],
    )
