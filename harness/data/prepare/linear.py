"""Columns shifted and scaled by what was learned from rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator

from harness.arrays import Floats
from harness.data.name import ColumnName
from harness.data.prepare.account import number
from harness.errors import DataError, Problem


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    """Refuse a range whose end is not above its start."""
    if not ends[0] < ends[1]:
        message = f"a range goes from a number to a greater one, not from {ends[0]:g} to {ends[1]:g}"
        raise ValueError(message)
    return ends


Range = Annotated[tuple[float, float], AfterValidator(_rising)]
"""Least and greatest value of a column."""


@dataclass(frozen=True)
class LearnedLine:
    """The straight line ``level + slope * (of - start)``.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    start : value of `of` that is turned into `level`
    slope : not 0, in units of `into` per unit of `of`
    level : in units of `into`
    """

    into: str
    of: str
    start: float
    slope: float
    level: float

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def detail(self) -> str:
        """The line learned."""
        shift = f"{number(self.level)} + " if self.level else ""
        return f"{shift}{number(self.slope)} x ({self.of} - {number(self.start)})"

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        return self.level + self.slope * (columns[self.of] - self.start)


@dataclass(frozen=True)
class Standardise:
    """``- standardise: {into: gdp_z, of: gdp}``: mean 0 and standard deviation 1 among the rows learned from.

    Attributes
    ----------
    into : column that is computed, in standard deviations, over the number of rows
    of : column it is computed from, not constant
    """

    name: ClassVar[str] = "standardise"

    into: ColumnName
    of: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLine:
        """Return the line learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where the column is constant among these rows.
        """
        values = _varying(columns[self.of], into=self.into, of=self.of)
        return LearnedLine(self.into, self.of, float(values.mean()), 1.0 / float(values.std()), 0.0)


@dataclass(frozen=True)
class Rescale:
    """``- rescale: {into: gdp_share, of: gdp, to: [0, 1]}``: a range among the rows learned from.

    Attributes
    ----------
    into : column that is computed; other rows than those learned from may lie outside of the range
    of : column it is computed from, not constant
    to : what its least and its greatest value are turned into
    """

    name: ClassVar[str] = "rescale"

    into: ColumnName
    of: ColumnName
    to: Range = (0.0, 1.0)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLine:
        """Return the line learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where the column is constant among these rows.
        """
        values = _varying(columns[self.of], into=self.into, of=self.of)
        low, high = self.to
        slope = (high - low) / float(np.ptp(values))
        return LearnedLine(self.into, self.of, float(values.min()), slope, low)


def _varying(values: Floats, *, into: str, of: str) -> Floats:
    if not values.size or np.ptp(values) == 0.0:
        raise DataError(
            Problem(
                where=f"column '{into}' (data.prepare)",
                what=f"'{of}' does not vary among the {values.size} rows it is learned from",
                expected="a column with at least two different values",
                hint="leave the step out, or keep more rows",
            )
        )
    return values
