"""What the spec says of rows and columns: which rows it keeps, what cells must hold, and rows together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName, named_columns
from harness.data.prepare.step import Calendar

if TYPE_CHECKING:
    import pandas as pd


# An end of a range: a number, or a period written as text such as ``2011Q2``.
Bound = Annotated[int | float | str, Field(union_mode="smart")]

# A value that a cell may have.
Value = Annotated[bool | int | float | str, Field(union_mode="smart")]

ColumnType = Literal["number", "integer", "text", "boolean"]


@dataclass(frozen=True)
class RowFilter:
    """Rows to keep, as one entry of the spec's ``data.rows`` says it.

    Attributes
    ----------
    from_, to : first and last value kept, both included; ``from`` and ``to`` in YAML. For the time column a
        bare year stands for all its quarters, months or days
    include : the only values kept
    exclude : values left out

    A row whose cell is missing is kept by `exclude` alone.
    """

    from_: Annotated[Bound | None, Field(alias="from")] = None
    to: Bound | None = None
    include: tuple[Value, ...] = ()
    exclude: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        if not (self.include or self.exclude or self.has_range):
            message = "a rule needs at least one of from, to, include, exclude"
            raise ValueError(message)

    @property
    def has_range(self) -> bool:
        """Whether the rule has a first or a last value."""
        return self.from_ is not None or self.to is not None


@dataclass(frozen=True)
class ColumnRule:
    """Type and range of one column, raw or prepared.

    Attributes
    ----------
    type : what every cell is; None leaves it open. Ones and zeros count as boolean
    min, max : least and greatest number allowed, both included
    allowed : the only values allowed, groups of rows in this order; empty leaves them open
    missing_ok : whether cells may be missing. For columns that play a role, ``data.missing`` decides instead
    """

    type: ColumnType | None = None
    min: int | float | None = None
    max: int | float | None = None
    allowed: tuple[Value, ...] = ()
    missing_ok: bool = False

    def __post_init__(self) -> None:
        if self.type in ("text", "boolean") and not (self.min is None and self.max is None):
            message = f"min and max are for numbers, not for {self.type}"
            raise ValueError(message)
        if self.min is not None and self.max is not None and self.min > self.max:
            message = f"min {self.min} is above max {self.max}"
            raise ValueError(message)


SeveralColumns = Annotated[tuple[ColumnName, ...], Field(min_length=2)]
Tolerance = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class RowsCheck(ABC):
    """What rows must satisfy together, as one entry of the spec's ``data.checks`` says it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are looked at."""
        return named_columns(self)

    @property
    @abstractmethod
    def says(self) -> str:
        """What is expected."""

    @abstractmethod
    def fails(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> Mask:
        """Return the rows, (n_obs,), that are at fault; columns are of (n_obs,) cells each, by name."""

    @abstractmethod
    def found(self, columns: Mapping[str, pd.Series], calendar: Calendar, failed: Mask) -> str:
        """Return what was found, in words, where some rows, (n_obs,), failed."""


@dataclass(frozen=True)
class Balanced(RowsCheck):
    """``{use: balanced}``: every entity has a row in every period that some entity has.

    Attributes
    ----------
    use : kind of check
    """

    use: Literal["balanced"]

    says = "every entity in every period"

    def fails(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> Mask:
        """Return the rows, (n_obs,), of entities that lack a period."""
        rows = np.bincount(calendar.entity)[calendar.entity]
        return np.less(rows, np.unique(calendar.period).size)

    def found(self, columns: Mapping[str, pd.Series], calendar: Calendar, failed: Mask) -> str:
        """Return how many entities, and the fewest periods."""
        n_periods = np.unique(calendar.period).size
        least = np.bincount(calendar.entity)[calendar.entity[failed]].min()
        return f"{_entities(calendar, failed)} have fewer than {n_periods} periods, down to {least}"


@dataclass(frozen=True)
class NoGaps(RowsCheck):
    """``{use: no_gaps}``: no entity lacks a period between two that it has.

    Attributes
    ----------
    use : kind of check
    """

    use: Literal["no_gaps"]

    says = "no period left out between the first and the last of an entity"

    def fails(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> Mask:
        """Return the rows, (n_obs,), without the period before that are not the first of their entity."""
        first = np.full(calendar.entity.max() + 1, calendar.period.max())
        np.minimum.at(first, calendar.entity, calendar.period)
        starts = np.equal(calendar.period, first[calendar.entity])
        return np.logical_and(calendar.earlier(1) < 0, ~starts)

    def found(self, columns: Mapping[str, pd.Series], calendar: Calendar, failed: Mask) -> str:
        """Return how many entities."""
        return f"{_entities(calendar, failed)} have gaps; the rows behind them are listed"


@dataclass(frozen=True)
class Constant(RowsCheck):
    """``{use: constant, column: province}``: one value within each entity.

    Attributes
    ----------
    use : kind of check
    column : numbers or texts
    """

    use: Literal["constant"]
    column: ColumnName

    @property
    def says(self) -> str:
        """What is expected."""
        return f"one value of '{self.column}' within each entity"

    def fails(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> Mask:
        """Return the rows, (n_obs,), that have a value, and not that of their entity's first row."""
        import pandas as pd

        codes, _ = pd.factorize(columns[self.column])
        value = pd.Series(np.where(codes < 0, np.nan, codes))
        first = value.groupby(calendar.entity).transform("first").to_numpy()
        fails: Mask = (codes >= 0) & (codes != first)
        return fails

    def found(self, columns: Mapping[str, pd.Series], calendar: Calendar, failed: Mask) -> str:
        """Return how many entities, and the values of one."""
        own = np.flatnonzero(calendar.entity == calendar.entity[np.flatnonzero(failed)[0]])
        values = [repr(value) for value in dict.fromkeys(columns[self.column].iloc[own].dropna())]
        return f"'{self.column}' changes within {_entities(calendar, failed)}: {', '.join(values[:3])} in one"


@dataclass(frozen=True)
class Monotone(RowsCheck):
    """``{use: monotone, column: patents, direction: rising}``: from period to period within each entity.

    Attributes
    ----------
    use : kind of check
    column : of numbers
    direction : ``rising`` allows equal numbers, and so does ``falling``
    """

    use: Literal["monotone"]
    column: ColumnName
    direction: Literal["rising", "falling"]

    @property
    def says(self) -> str:
        """What is expected."""
        return f"'{self.column}' {self.direction} within each entity"

    def fails(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> Mask:
        """Return the rows, (n_obs,), that go the other way."""
        change = self._change(columns, calendar)
        return change < 0.0 if self.direction == "rising" else change > 0.0

    def found(self, columns: Mapping[str, pd.Series], calendar: Calendar, failed: Mask) -> str:
        """Return how many rows, and the largest change."""
        change = self._change(columns, calendar)[failed]
        largest = change[np.abs(change).argmax()]
        return f"'{self.column}' goes the other way in {int(failed.sum())} rows, by {largest:.4g} at most"

    def _change(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> Floats:
        """Return the change since the entity's row before, (n_obs,); NaN where there is none."""
        order = np.lexsort((calendar.period, calendar.entity))
        value = columns[self.column].to_numpy(dtype=np.float64)
        change = np.full(value.size, np.nan)
        same = np.diff(calendar.entity[order]) == 0
        change[order[1:][same]] = np.diff(value[order])[same]
        return change


@dataclass(frozen=True)
class _Comparison(RowsCheck):
    """What checks have in common that compare two numbers of a row, each computed from its columns."""

    @abstractmethod
    def sides(self, columns: Mapping[str, pd.Series]) -> tuple[Floats, Floats]:
        """Return what is there and what is expected, (n_obs,) each."""

    @abstractmethod
    def differs(self, made: Floats, expected: Floats) -> Mask:
        """Return the rows, (n_obs,), where the one is not as the other wants it."""

    def fails(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> Mask:
        """Return the rows, (n_obs,), where it is not as said; none where a column has no number."""
        return self.differs(*self.sides(columns))

    def found(self, columns: Mapping[str, pd.Series], calendar: Calendar, failed: Mask) -> str:
        """Return how many rows, and both numbers of the first."""
        made, expected = self.sides(columns)
        first = int(np.flatnonzero(failed)[0])
        rows = f"{int(failed.sum())} of {failed.size} rows"
        return f"not so in {rows}; first {made[first]:.6g} against {expected[first]:.6g}"


@dataclass(frozen=True)
class SumCheck(_Comparison):
    """``{use: sum, of: [primary, secondary, tertiary], equals: 100, tolerance: 0.1}``.

    Attributes
    ----------
    use : kind of check
    of : columns that are added
    equals : a number, or a column
    tolerance : in the unit of the columns
    """

    use: Literal["sum"]
    of: SeveralColumns
    equals: float | ColumnName
    tolerance: Tolerance = 1e-6

    @property
    def says(self) -> str:
        """What is expected."""
        equals = self.equals if isinstance(self.equals, str) else f"{self.equals:g}"
        return f"{' + '.join(self.of)} = {equals}, within {self.tolerance:g}"

    def sides(self, columns: Mapping[str, pd.Series]) -> tuple[Floats, Floats]:
        """Return the sum, and what it equals."""
        made = np.sum([_floats(columns[name]) for name in self.of], axis=0)
        equals = self.equals
        return made, _floats(columns[equals]) if isinstance(equals, str) else np.full(made.shape, equals)

    def differs(self, made: Floats, expected: Floats) -> Mask:
        """Return the rows, (n_obs,), where they differ by more than the tolerance."""
        return np.greater(np.abs(made - expected), self.tolerance)


@dataclass(frozen=True)
class ProductCheck(_Comparison):
    """``{use: product, of: [co2_pc, population], equals: co2, relative: 0.001}``.

    Attributes
    ----------
    use : kind of check
    of : columns that are multiplied
    equals : a column
    relative : tolerance, as a share of `equals`
    """

    use: Literal["product"]
    of: SeveralColumns
    equals: ColumnName
    relative: Tolerance = 1e-6

    @property
    def says(self) -> str:
        """What is expected."""
        return f"{' x '.join(self.of)} = {self.equals}, within {self.relative:g} of it"

    def sides(self, columns: Mapping[str, pd.Series]) -> tuple[Floats, Floats]:
        """Return the product, and what it equals."""
        return np.prod([_floats(columns[name]) for name in self.of], axis=0), _floats(columns[self.equals])

    def differs(self, made: Floats, expected: Floats) -> Mask:
        """Return the rows, (n_obs,), where they differ by more than the tolerance."""
        return np.greater(np.abs(made - expected), self.relative * np.abs(expected))

    def found(self, columns: Mapping[str, pd.Series], calendar: Calendar, failed: Mask) -> str:
        """Return what was found, and a factor that all rows share."""
        said = super().found(columns, calendar, failed)
        made, expected = self.sides(columns)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = made / expected
        shared = failed.all() and np.isfinite(ratio).all() and np.ptp(ratio) <= 1e-3 * np.abs(ratio).max()
        times = f"{np.median(ratio):.4g} times as large in all rows"
        return f"{said}; it is {times}: do units differ?" if shared else said


@dataclass(frozen=True)
class AtMost(_Comparison):
    """``{use: at_most, column: urban, other: population}``: no row has more of one than of another.

    Attributes
    ----------
    use : kind of check
    column, other : of numbers in one unit
    """

    use: Literal["at_most"]
    column: ColumnName
    other: ColumnName

    @property
    def says(self) -> str:
        """What is expected."""
        return f"'{self.column}' at most '{self.other}'"

    def sides(self, columns: Mapping[str, pd.Series]) -> tuple[Floats, Floats]:
        """Return the two columns."""
        return _floats(columns[self.column]), _floats(columns[self.other])

    def differs(self, made: Floats, expected: Floats) -> Mask:
        """Return the rows, (n_obs,), where there is more."""
        return np.greater(made, expected)


# A rule that rows must satisfy together.
PanelCheck = Annotated[
    Balanced | NoGaps | Constant | Monotone | SumCheck | ProductCheck | AtMost, Field(discriminator="use")
]


def _floats(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64)


def _entities(calendar: Calendar, failed: Mask) -> str:
    return f"{np.unique(calendar.entity[failed]).size} of {np.unique(calendar.entity).size} entities"
