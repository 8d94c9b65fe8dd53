"""What neighbours have: the mean of a column over the nearest rows of the same period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.data.distance import nearest_neighbours
from harness.data.name import ColumnName
from harness.data.prepare.account import Account
from harness.data.prepare.step import Calendar, Column


@dataclass(frozen=True)
class SpatialLag:
    """``- spatial_lag: {into: digital_near, of: digital, latitude: lat, longitude: lon, nearest: 5}``.

    The neighbours of a row are the nearest rows of its period by great-circle distance, whichever of them
    are trained or tested on, since where they are is known of all. So the column must be a regressor: the
    neighbours' outcomes, test rows' among them, are refused.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column whose mean over the neighbours is taken
    latitude, longitude : columns, in degrees
    nearest : how many neighbours, at least 1; a row whose period has fewer, or whose neighbours have gaps,
        has no value
    """

    name: ClassVar[str] = "spatial_lag"

    into: ColumnName
    of: ColumnName
    latitude: ColumnName
    longitude: ColumnName
    nearest: Annotated[int, Field(ge=1, le=1000)] = 5

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, self.latitude, self.longitude)

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column."""
        of = columns[self.of]
        places = np.column_stack([columns[self.latitude].cells, columns[self.longitude].cells])
        near = nearest_neighbours(places, calendar.period, nearest=self.nearest)
        are_enough = near.min(axis=1) >= 0
        means = of.cells[near].mean(axis=1)
        return Column(
            cells=np.where(are_enough, means, np.nan),
            unreached=~are_enough | (of.unreached[near].sum(axis=1) > 0),
        )

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:  # noqa: ARG002 - told by `made`
        """Return how many rows have no neighbours."""
        return Account(f"{self.nearest} nearest; {int(made.unreached.sum())} rows have no such neighbours")
