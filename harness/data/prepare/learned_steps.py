"""Steps that learn from rows how a column is shifted, scaled, or kept within limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from harness.arrays import Floats
from harness.data.messages import number
from harness.data.name import ColumnName
from harness.data.prepare.step import OneColumn
from harness.data.prepare.table_step import Expansion, TableColumns, code_column
from harness.errors import DataError
from harness.language import Message


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    """Refuse a range whose end is not above its start."""
    if not ends[0] < ends[1]:
        message = f"a range goes from a number to a greater one, not from {ends[0]:g} to {ends[1]:g}"
        raise ValueError(message)
    return ends


Range = Annotated[tuple[float, float], AfterValidator(_rising)]
"""Least and greatest value of a column."""


@dataclass(frozen=True)
class LearnedLine(OneColumn):
    """The straight line ``level + slope * (of - start)``.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    start : value of `of` that is turned into `level`
    slope : not 0, in units of `into` per unit of `of`
    level : in units of `into`
    """

    start: float
    slope: float
    level: float

    @property
    def detail(self) -> str:
        """The line learned."""
        shift = f"{number(self.level)} + " if self.level else ""
        return f"{shift}{number(self.slope)} x ({self.of} - {number(self.start)})"

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        return self.level + self.slope * (columns[self.of] - self.start)


@dataclass(frozen=True)
class Standardise(OneColumn):
    """``- standardise: {into: gdp_z, of: gdp}``: mean 0 and standard deviation 1 among the rows learned from.

    Attributes
    ----------
    into : column that is computed, in standard deviations, over the number of rows
    of : column it is computed from, not constant
    """

    name: ClassVar[str] = "standardise"

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
class Rescale(OneColumn):
    """``- rescale: {into: gdp_share, of: gdp, to: [0, 1]}``: a range among the rows learned from.

    Attributes
    ----------
    into : column that is computed; other rows than those learned from may lie outside of the range
    of : column it is computed from, not constant
    to : what its least and its greatest value are turned into
    """

    name: ClassVar[str] = "rescale"

    to: Range = (0.0, 1.0)

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
        raise DataError.at(
            where=f"column '{into}' (data.prepare)",
            what=f"'{of}' does not vary among the {values.size} rows it is learned from",
            expected="a column with at least two different values",
            hint="leave the step out, or keep more rows",
        )
    return values


Share = Annotated[float, Field(ge=0.0, le=1.0)]


@dataclass(frozen=True)
class LearnedLimits(OneColumn):
    """A column kept within limits.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    low, high : the limits, in the column's unit
    n_low, n_high : values below and above them among the rows learned from
    """

    low: float
    high: float
    n_low: int
    n_high: int

    @property
    def detail(self) -> str:
        """The limits learned, and how much they change."""
        return Message(
            "{of} within {low} and {high}; {n_low} values raised, {n_high} lowered",
            of=self.of,
            low=number(self.low),
            high=number(self.high),
            n_low=self.n_low,
            n_high=self.n_high,
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
    by : columns whose combinations have limits of their own, such as the time column; rows of one that has no
        row to learn from have the limits of all
    """

    name: ClassVar[str] = "winsorise"

    into: ColumnName
    of: ColumnName
    lower: Share = 0.01
    upper: Share = 0.99
    by: tuple[ColumnName, ...] = ()

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            message = f"lower {self.lower:g} must be below upper {self.upper:g}"
            raise ValueError(message)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, *self.by)

    @property
    def grouped(self) -> tuple[str, ...]:
        """Columns whose combinations have limits of their own."""
        return self.by

    def expand(self, table: TableColumns) -> Expansion:
        """Return the step itself, or the groups as a column of codes and the step that goes by them."""
        if not self.by:
            return Expansion({}, (self,), (self.into,))
        name, codes = code_column([table.groups[column] for column in self.by])
        return Expansion({name: codes}, (WinsoriseWithin(replace(self, by=()), name),), (self.into,))

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLimits:
        """Return the limits learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where there is no row to learn from.
        """
        values = columns[self.of]
        if not values.size:
            raise DataError.at(
                where=f"column '{self.into}' (data.prepare, {self.name})",
                what=f"no row has a value of '{self.of}' to learn from",
                expected="at least one value",
                hint="leave the step out",
            )
        low, high = np.quantile(values, [self.lower, self.upper]).tolist()
        return LearnedLimits(
            self.into, self.of, low, high, n_low=int((values < low).sum()), n_high=int((values > high).sum())
        )


@dataclass(frozen=True)
class WinsoriseWithin:
    """Limits learned within groups.

    Attributes
    ----------
    whole : the step without groups
    groups : column of their codes
    """

    name: ClassVar[str] = Winsorise.name

    whole: Winsorise
    groups: str

    @property
    def into(self) -> str:
        """Column that is computed."""
        return self.whole.into

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.whole.of, self.groups)

    def learn(self, columns: Mapping[str, Floats]) -> LimitsWithin:
        """Return the limits of each group, and of all rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where there is no row to learn from.
        """
        values, codes = columns[self.whole.of], columns[self.groups]
        pooled = self.whole.learn({self.whole.of: values})
        within = {
            float(code): self.whole.learn({self.whole.of: values[codes == code]}) for code in np.unique(codes)
        }
        return LimitsWithin(self.groups, pooled, within)


@dataclass(frozen=True)
class LimitsWithin:
    """A column kept within the limits of each row's group.

    Attributes
    ----------
    groups : column of codes
    pooled : limits of a group that has none
    within : limits by code
    """

    groups: str
    pooled: LearnedLimits
    within: Mapping[float, LearnedLimits]

    @property
    def into(self) -> str:
        """Column that is computed."""
        return self.pooled.into

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.pooled.of, self.groups)

    @property
    def detail(self) -> str:
        """How much the limits change."""
        n_low = sum(limits.n_low for limits in self.within.values())
        n_high = sum(limits.n_high for limits in self.within.values())
        return Message(
            "limits of {within} groups; {n_low} values raised, {n_high} lowered",
            within=len(self.within),
            n_low=n_low,
            n_high=n_high,
        )

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        own = [self.within.get(float(code), self.pooled) for code in columns[self.groups]]
        low, high = (np.array([getattr(limits, end) for limits in own]) for end in ("low", "high"))
        return np.clip(columns[self.pooled.of], low, high)
