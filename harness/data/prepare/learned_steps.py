"""Steps that learn from rows how a column is shifted, scaled, or kept within limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, Field

from harness.arrays import Floats
from harness.data.messages import number, require
from harness.data.name import ColumnName
from harness.data.prepare.step import Expansion, OfNamedColumns, OneColumn, TableColumns
from harness.data.prepare.table_steps import code_column
from harness.errors import DataError
from harness.language import Message, marked


def _rising(ends: tuple[float, float]) -> tuple[float, float]:
    """Refuse a range whose end is not above its start."""
    message = f"a range goes from a number to a greater one, not from {ends[0]:g} to {ends[1]:g}"
    require(ends[0] < ends[1], message)
    return ends


# Least and greatest value of a column.
Range = Annotated[tuple[float, float], AfterValidator(_rising)]


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


class _LearnsLine(OneColumn):
    """What learns a straight line from a column that varies."""

    def line(self, values: Floats) -> tuple[float, float, float]:
        """Return start, slope and level of the line learned from values, (n_rows,), not all equal."""
        raise NotImplementedError

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLine:
        """Return the line learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where the column is constant among these rows.
        """
        values = columns[self.of]
        if not values.size or np.ptp(values) == 0.0:
            where = f"column '{self.into}' (data.prepare)"
            what = f"'{self.of}' does not vary among the {values.size} rows it is learned from"
            expected = "a column with at least two different values"
            raise DataError.at(where, what, expected, "leave the step out, or keep more rows")
        return LearnedLine(self.into, self.of, *self.line(values))


@dataclass(frozen=True)
class Standardise(_LearnsLine):
    """``- standardise: {into: gdp_z, of: gdp}``: mean 0 and standard deviation 1 among the rows learned from.

    Attributes
    ----------
    into : column that is computed, in standard deviations, over the number of rows
    of : column it is computed from, not constant
    """

    name: ClassVar[str] = "standardise"

    def line(self, values: Floats) -> tuple[float, float, float]:
        """Return the line through 0 at the mean of values, (n_rows,)."""
        return float(values.mean()), 1.0 / float(values.std()), 0.0


@dataclass(frozen=True)
class Rescale(_LearnsLine):
    """``- rescale: {into: gdp_share, of: gdp, to: [0, 1]}``: a range among the rows learned from.

    Attributes
    ----------
    into : column that is computed; other rows than those learned from may lie outside of the range
    of : column it is computed from, not constant
    to : what its least and its greatest value are turned into
    """

    name: ClassVar[str] = "rescale"

    to: Range = (0.0, 1.0)

    def line(self, values: Floats) -> tuple[float, float, float]:
        """Return the line from the least to the greatest of values, (n_rows,)."""
        low, high = self.to
        return float(values.min()), (high - low) / float(np.ptp(values)), low


@dataclass(frozen=True)
class Limits:
    """Limits learned from some rows.

    Attributes
    ----------
    low, high : in the column's unit
    n_low, n_high : values below and above them among the rows learned from
    """

    low: float
    high: float
    n_low: int
    n_high: int


@dataclass(frozen=True)
class LearnedLimits(OfNamedColumns):
    """A column kept within limits, those of each row's group where there are groups.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    groups : column of codes; None where the limits are those of all rows
    pooled : limits of all rows, and of a group that has none
    within : limits by code
    """

    into: ColumnName
    of: ColumnName
    groups: ColumnName | None
    pooled: Limits
    within: Mapping[float, Limits]

    @property
    def detail(self) -> str:
        """The limits learned, and how much they change."""
        learned = [self.pooled] if self.groups is None else list(self.within.values())
        counts = {end: sum(getattr(limits, end) for limits in learned) for end in ("n_low", "n_high")}
        if self.groups is not None:
            template = marked("limits of {within} groups; {n_low} values raised, {n_high} lowered")
            return Message(template, within=len(self.within), **counts)
        template = marked("{of} within {low} and {high}; {n_low} values raised, {n_high} lowered")
        low, high = number(self.pooled.low), number(self.pooled.high)
        return Message(template, of=self.of, low=low, high=high, **counts)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        if self.groups is None:
            return np.clip(columns[self.of], self.pooled.low, self.pooled.high)
        own = [self.within.get(float(code), self.pooled) for code in columns[self.groups]]
        low, high = np.array([(limits.low, limits.high) for limits in own]).reshape(-1, 2).T
        return np.clip(columns[self.of], low, high)


Share = Annotated[float, Field(ge=0.0, le=1.0)]


@dataclass(frozen=True)
class Winsorise(OfNamedColumns):
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
    known_as: ClassVar[tuple[str, ...]] = ("winsorize", "winsor", "winsor2", "缩尾")

    into: ColumnName
    of: ColumnName
    lower: Share = 0.01
    upper: Share = 0.99
    by: tuple[ColumnName, ...] = ()

    def __post_init__(self) -> None:
        require(self.lower < self.upper, f"lower {self.lower:g} must be below upper {self.upper:g}")

    @property
    def grouped(self) -> tuple[str, ...]:
        """Columns whose combinations have limits of their own."""
        return self.by

    def expand(self, table: TableColumns) -> Expansion:
        """Return the step itself, going by one column of codes where it has groups."""
        if not self.by:
            return Expansion({}, (self,), (self.into,))
        name, codes = code_column([table.groups[column] for column in self.by])
        return Expansion({name: codes}, (replace(self, by=(name,)),), (self.into,))

    def learn(self, columns: Mapping[str, Floats]) -> LearnedLimits:
        """Return the limits learned from these rows, (n_rows,), all finite.

        Raises
        ------
        DataError
            Where there is no row to learn from.
        """
        values, groups = columns[self.of], self.by[0] if self.by else None
        if not values.size:
            what = f"no row has a value of '{self.of}' to learn from"
            raise self.refusal(what, "at least one value", "leave the step out")
        codes = np.zeros(0) if groups is None else columns[groups]
        within = {float(code): self._limits(values[codes == code]) for code in np.unique(codes)}
        return LearnedLimits(self.into, self.of, groups, self._limits(values), within)

    def _limits(self, values: Floats) -> Limits:
        low, high = np.quantile(values, [self.lower, self.upper]).tolist()
        return Limits(low, high, n_low=int((values < low).sum()), n_high=int((values > high).sum()))


@dataclass(frozen=True, eq=False)
class LearnedWeights(OfNamedColumns):
    """A weighted mean of indicators, each between 0 and 1 from its worst to its best value.

    Attributes
    ----------
    into : column that is computed
    columns : the indicators
    worst, width : (n_indicators,), values that count as 0, and from there to those that count as 1
    weights : (n_indicators,), adding up to 1
    """

    into: ColumnName
    columns: tuple[ColumnName, ...]
    worst: Floats
    width: Floats
    weights: Floats

    @property
    def detail(self) -> str:
        """The weights learned."""
        pairs = zip(self.columns, self.weights.tolist(), strict=True)
        weights = ", ".join(f"{name} {number(own)}" for name, own in pairs)
        return Message("weights: {weights}", weights=weights)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the index, (n_obs,), in [0, 1]; NaN where an indicator is missing."""
        scaled = (np.column_stack([columns[name] for name in self.columns]) - self.worst) / self.width
        return np.asarray(np.sum(np.clip(scaled, 0.0, 1.0) * self.weights, axis=1))


@dataclass(frozen=True)
class EntropyIndex(OfNamedColumns):
    """``- entropy_index: {into: digital, columns: [internet, mobile, waste], negative: [waste]}``.

    Each indicator goes from 0 at its worst to 1 at its best value; the index is their weighted mean. Weights
    are in proportion to one less the entropy of an indicator's shares over rows (Shannon 1948): one that
    differs more between rows counts more. Rows beyond the range learned from count as at its end.

    Attributes
    ----------
    into : column that is computed, in [0, 1]
    columns : the indicators, at least two, none of them constant
    negative : those of which less is better
    """

    name: ClassVar[str] = "entropy_index"
    known_as: ClassVar[tuple[str, ...]] = (
        *("entropy", "entropy_weight", "entropy_weights", "entropy_method", "熵值法", "熵权法"),
    )

    into: ColumnName
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
    negative: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(len(set(self.columns)) == len(self.columns), "the same column is listed twice")
        unknown = [name for name in self.negative if name not in self.columns]
        require(not unknown, f"negative names what is not among columns: {', '.join(unknown)}")

    def learn(self, columns: Mapping[str, Floats]) -> LearnedWeights:
        """Return the index learned from these rows, (n_rows,) each, all finite.

        Raises
        ------
        DataError
            Where an indicator is constant among these rows.
        """
        raw = np.column_stack([columns[name] for name in self.columns])
        constant = [name for name in self.columns if not columns[name].size or np.ptp(columns[name]) == 0.0]
        if constant:
            what = f"constant among the {len(raw)} rows the index is learned from: {', '.join(constant)}"
            raise self.refusal(what, "indicators that vary", "take them out of the list")
        is_negative = np.isin(self.columns, self.negative)
        low, high = raw.min(axis=0), raw.max(axis=0)
        worst, width = np.where(is_negative, high, low), np.where(is_negative, low - high, high - low)
        scaled = (raw - worst) / width
        shares = scaled / scaled.sum(axis=0)
        entropy = -np.sum(shares * np.log(np.where(shares > 0.0, shares, 1.0)), axis=0) / np.log(len(raw))
        return LearnedWeights(self.into, self.columns, worst, width, (1.0 - entropy) / np.sum(1.0 - entropy))


@dataclass(frozen=True)
class Coupling(OfNamedColumns):
    """``- coupling: {into: coordination, of: [digital, green]}``, the coupling coordination degree.

    Of n indices U it is ``sqrt(C T)``: C is their geometric over their arithmetic mean, T their weighted
    mean. Indices that were learned may be below 0 in other rows than those learned from, and count as 0.

    Attributes
    ----------
    into : column that is computed, in [0, 1]
    of : indices in [0, 1], at least two
    weights : of the indices in T, adding up to 1; equal where left out
    """

    name: ClassVar[str] = "coupling"
    known_as: ClassVar[tuple[str, ...]] = (
        *("coupling_coordination", "coupling_degree", "coordination", "ccd", "耦合协调", "耦合协调度"),
    )

    into: ColumnName
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]
    weights: tuple[Annotated[float, Field(gt=0.0)], ...] = ()

    def __post_init__(self) -> None:
        if self.weights:
            is_whole = len(self.weights) == len(self.of) and abs(sum(self.weights) - 1.0) < 1e-9
            require(is_whole, f"weights are one for each of the {len(self.of)} indices and add up to 1")

    @property
    def detail(self) -> str:
        """What it is of."""
        return Message("coupling coordination of {names}", names=", ".join(self.of))

    def learn(self, columns: Mapping[str, Floats]) -> Coupling:
        """Return the step itself, for indices in [0, 1].

        Raises
        ------
        DataError
            Where one is not, among these rows.
        """
        for name in self.of:
            outside = np.abs(columns[name] - 0.5) > 0.5 + 1e-9
            if outside.any():
                what = f"'{name}' is {columns[name][outside][0]:g} in one of {int(outside.sum())} rows"
                hint = "rescale it to [0, 1] by a step before"
                raise self.refusal(what, "indices from 0 to 1", hint)
        return self

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the degree, (n_obs,); NaN where an index is missing."""
        indices = np.maximum(np.column_stack([columns[name] for name in self.of]), 0.0)
        mean = indices.mean(axis=1)
        whole = np.average(indices, axis=1, weights=self.weights or None)
        product = np.prod(indices, axis=1) ** (1.0 / len(self.of))
        return np.asarray(np.sqrt(whole * product / np.where(mean > 0.0, mean, 1.0)))


LEARNED_STEPS = (Standardise, Rescale, Winsorise, EntropyIndex, Coupling)
