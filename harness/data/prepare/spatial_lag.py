"""What neighbours have: the mean of a column over the neighbouring rows of the same period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.data.messages import Account
from harness.data.name import ColumnName
from harness.data.neighbours import Links, nearest_neighbours
from harness.data.prepare.step import Calendar, Column
from harness.errors import DataError


@dataclass(frozen=True)
class SpatialLag:
    """``- spatial_lag: {into: digital_near, of: digital, latitude: lat, longitude: lon, nearest: 5}``.

    The neighbours of a row are the nearest rows of its period by great-circle distance, or without
    coordinates those of its period that ``data.contiguity`` names, by its weights. They count whichever of
    them are trained or tested on, since who is near whom is known of all. So the column must be a regressor:
    the neighbours' outcomes, test rows' among them, are refused.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column whose mean over the neighbours is taken
    latitude, longitude : columns, in degrees, both or neither
    nearest : how many neighbours, at least 1, where there are coordinates; a row whose period has fewer has
        no value, nor has one without any neighbour or whose neighbours have gaps
    """

    name: ClassVar[str] = "spatial_lag"

    into: ColumnName
    of: ColumnName
    latitude: ColumnName | None = None
    longitude: ColumnName | None = None
    nearest: Annotated[int, Field(ge=1, le=1000)] = 5

    def __post_init__(self) -> None:
        if (self.latitude is None) != (self.longitude is None):
            message = "latitude and longitude are named together, or neither"
            raise ValueError(message)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, *self._coordinates)

    @property
    def _coordinates(self) -> tuple[str, ...]:
        return () if self.latitude is None or self.longitude is None else (self.latitude, self.longitude)

    def across(self, columns: Mapping[str, Column], calendar: Calendar) -> Column:
        """Return the column.

        Raises
        ------
        DataError
            Where neither coordinates nor a file tell neighbours.
        """
        of = columns[self.of]
        if not self._coordinates:
            return self._mean_of_linked(of, calendar.neighbours)
        places = np.column_stack([columns[name].cells for name in self._coordinates])
        near = nearest_neighbours(places, calendar.period, nearest=self.nearest)
        are_enough = near.min(axis=1) >= 0
        means = of.cells[near].mean(axis=1)
        return Column(
            cells=np.where(are_enough, means, np.nan),
            unreached=~are_enough | (of.unreached[near].sum(axis=1) > 0),
        )

    def _mean_of_linked(self, of: Column, links: Links | None) -> Column:
        if links is None:
            raise DataError.at(
                where=f"column '{self.into}' (data.prepare, spatial_lag)",
                what="nothing says who is near whom",
                expected="coordinates, or a file of pairs of neighbours",
                hint="name latitude and longitude of the step, or a file under data.contiguity",
            )
        means, unreached = links.means(of.cells), links.means(of.unreached.astype(np.float64))
        return Column(cells=means, unreached=~(unreached == 0.0))

    def account(self, columns: Mapping[str, Column], made: Column) -> Account:
        """Return how many rows have no neighbours."""
        near = f"{self.nearest} nearest" if self._coordinates else "neighbours by data.contiguity"
        return Account(f"{near}; {int(made.unreached.sum())} rows have no such neighbours")
