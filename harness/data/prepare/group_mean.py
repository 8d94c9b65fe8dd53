"""Means over the rows of a group, such as a region's year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.data.name import ColumnName
from harness.data.prepare.account import Account
from harness.data.prepare.step import Calendar, Column
from harness.data.prepare.table_step import Expansion, TableColumns, code_column


@dataclass(frozen=True)
class GroupMean:
    """``- group_mean: {into: gdp_of_peers, of: gdp, by: [region, year], own: false}``.

    The mean over all rows of the group that have a value, whatever fold they are in.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column of numbers, of the table or prepared
    by : columns whose combinations are the groups
    own : whether a row counts in its own mean; without it a row alone in its group has none
    """

    name: ClassVar[str] = "group_mean"

    into: ColumnName
    of: ColumnName
    by: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    own: bool = True

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, *self.by)

    @property
    def grouped(self) -> tuple[str, ...]:
        """Columns that are taken as groups."""
        return self.by

    def expand(self, table: TableColumns) -> Expansion:
        """Return the groups as a column of codes, and the step that takes means by them."""
        name, codes = code_column([table.groups[column] for column in self.by])
        step = MeanWithin(self.into, self.of, name, own=self.own)
        return Expansion({name: codes}, (step,), (self.into,))


@dataclass(frozen=True)
class MeanWithin:
    """Means of one column by the codes of another.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    groups : column of codes
    own : whether a row counts in its own mean
    """

    name: ClassVar[str] = GroupMean.name

    into: str
    of: str
    groups: str
    own: bool

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, self.groups)

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        of, groups = columns[self.of], columns[self.groups].cells
        known = np.isfinite(of.cells) & np.isfinite(groups)
        codes = np.where(np.isfinite(groups), groups, 0.0).astype(np.int64)
        counts = np.bincount(codes[known], minlength=codes.max() + 1)[codes].astype(np.float64)
        sums = np.bincount(codes[known], weights=of.cells[known], minlength=codes.max() + 1)[codes]
        if not self.own:
            counts, sums = counts - known, sums - np.where(known, of.cells, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where((counts > 0) & np.isfinite(groups), sums / counts, np.nan)
        return Column(means, np.zeros(means.shape, dtype=np.bool_))

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many groups there are."""
        groups = columns[self.groups].cells
        n_groups = np.unique(groups[np.isfinite(groups)]).size
        without = "" if self.own else ", the row itself left out"
        missing = int(np.isnan(made.cells).sum())
        return Account(f"means of {self.of} in {n_groups} groups{without}; {missing} rows without one")
