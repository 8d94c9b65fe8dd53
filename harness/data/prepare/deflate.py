"""Money in the prices of one period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.data.name import ColumnName
from harness.data.prepare.account import Account, number
from harness.data.prepare.step import Calendar, Column
from harness.errors import DataError, Problem


@dataclass(frozen=True)
class Deflate:
    """``- deflate: {into: gdp_2011, of: gdp, by: price_index, base: 2011}``.

    The column over the price index, which counts as 1 in each entity's row of the base period, whatever its
    own base is. Rows of an entity without such a row are left out and counted in the report.

    Attributes
    ----------
    into : column that is computed, in units of `of` in prices of the base period
    of : column in prices of its own period
    by : price index or deflator, above 0
    base : a period of the panel
    """

    name: ClassVar[str] = "deflate"

    into: ColumnName
    of: ColumnName
    by: ColumnName
    base: int | str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, self.by)

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column.

        Raises
        ------
        DataError
            Where no row is of the base period, or the index is not above 0.
        """
        of, by = columns[self.of], columns[self.by]
        self._refuse_index(by.cells)
        rows = calendar.rows_in(np.full_like(calendar.period, self._position(calendar)))
        found = rows >= 0
        unreached = ~found | of.unreached | by.unreached | by.unreached[rows]
        cells = of.cells / (by.cells / by.cells[rows])
        return Column(np.where(unreached, np.nan, cells), unreached)

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return the range of the index."""
        present = np.isfinite(made.cells) & (made.cells != 0.0)
        prices = columns[self.of].cells[present] / made.cells[present]
        spread = f" from {number(prices.min())} to {number(prices.max())}" if prices.size else ""
        missed = int(made.unreached.sum())
        rest = f"; {missed} rows without a base" if missed else ""
        return Account(f"prices relative to {self.base}{spread}{rest}")

    def _position(self, calendar: Calendar) -> int:
        label = str(self.base)
        positions = calendar.positions
        if label not in positions:
            first, last = min(positions, key=positions.__getitem__), max(positions, key=positions.__getitem__)
            expected = f"a period of the panel, from {first} to {last}"
            raise DataError(self._problem(f"no row is of the base period {label}", expected))
        return positions[label]

    def _refuse_index(self, index: Floats) -> None:
        count = int((index <= 0.0).sum())
        if count:
            raise DataError(self._problem(f"'{self.by}' is 0 or below in {count} rows", "numbers above 0"))

    def _problem(self, what: str, expected: str) -> Problem:
        return Problem(
            where=f"column '{self.into}' (data.prepare, {self.name})",
            what=what,
            expected=expected,
            hint="correct the step's options, or the column",
        )
