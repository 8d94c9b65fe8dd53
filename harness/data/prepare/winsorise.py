"""Extreme values drawn in to quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.name import ColumnName
from harness.data.prepare.account import number
from harness.errors import DataError, Problem

Share = Annotated[float, Field(ge=0.0, le=1.0)]


@dataclass(frozen=True)
class LearnedLimits:
    """A column kept within limits.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    low, high : the limits, in the column's unit
    n_low, n_high : values below and above them among the rows learned from
    """

    into: str
    of: str
    low: float
    high: float
    n_low: int
    n_high: int

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def detail(self) -> str:
        """The limits learned, and how much they change."""
        return (
            f"{self.of} within {number(self.low)} and {number(self.high)}; "
            f"{self.n_low} values raised, {self.n_high} lowered"
        )

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        return np.clip(columns[self.of], self.low, self.high)


@dataclass(frozen=True)
class Winsorise:
    """``- winsorise: {into: fdi_w, of: fdi, lower: 0.01, upper: 0.99}``.

    Attributes
    ----------
    into : column that is computed, in units of `of`
    of : column it is computed from
    lower, upper : shares of the rows learned from that lie below the limits; quantiles between two values are
        interpolated (Hyndman and Fan 1996, type 7)
    """

    name: ClassVar[str] = "winsorise"

    into: ColumnName
    of: ColumnName
    lower: Share = 0.01
    upper: Share = 0.99

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            message = f"lower {self.lower:g} must be below upper {self.upper:g}"
            raise ValueError(message)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLimits:
        """Return the limits learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where there is no row to learn from.
        """
        values = columns[self.of]
        if not values.size:
            raise DataError(
                Problem(
                    where=f"column '{self.into}' (data.prepare, {self.name})",
                    what=f"no row has a value of '{self.of}' to learn from",
                    expected="at least one value",
                    hint="leave the step out",
                )
            )
        low, high = np.quantile(values, [self.lower, self.upper]).tolist()
        return LearnedLimits(
            self.into, self.of, low, high, n_low=int((values < low).sum()), n_high=int((values > high).sum())
        )
