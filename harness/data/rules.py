"""What the spec says of rows and columns: which rows it keeps, what cells must hold, and rows together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.messages import require
from harness.data.name import ColumnName, named_columns
from harness.data.prepare.step import Calendar
from harness.language import Coded

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
        is_rule = self.include or self.exclude or self.has_range
        require(is_rule, "a rule needs at least one of from, to, include, exclude")

    @property
    def has_range(self) -> bool:
        """Whether the rule has a first or a last value."""
        return self.from_ is not None or self.to is not None


@dataclass(frozen=True)
class ColumnSchema:
    """Type, range and unit of one column, raw or prepared.

    Attributes
    ----------
    type : what every cell is; None leaves it open. Ones and zeros count as boolean
    min, max : least and greatest number allowed, both included
    unit : of its numbers; for the report too, unless ``variables`` has another
    median : range that the median of its numbers lies in, both ends included, in its unit. A file whose
        median lies outside is refused with the unit that it seems to have
    allowed : the only values allowed, groups of rows in this order; empty leaves them open
    missing_ok : whether cells may be missing. For columns that play a role, ``data.missing`` decides instead
    """

    type: ColumnType | None = None
    min: int | float | None = None
    max: int | float | None = None
    unit: str = ""
    median: tuple[float, float] | None = None
    allowed: tuple[Value, ...] = ()
    missing_ok: bool = False

    def __post_init__(self) -> None:
        limited = any(limit is not None for limit in (self.min, self.max, self.median))
        is_other = self.type in ("text", "boolean") and limited
        require(not is_other, f"min, max and median are for numbers, not for {self.type}")
        in_order = self.min is None or self.max is None or self.min <= self.max
        require(in_order, f"min {self.min} is above max {self.max}")
        low, high = self.median or (0.0, 1.0)
        require(low < high, f"median begins at {low:g}, which is not below its end {high:g}")

    @property
    def is_read_as_numbers(self) -> bool:
        """Whether cells are numbers, by their type or by limits; truth values are 1 and 0."""
        limits = (self.min, self.max, self.median)
        return self.type not in (None, "text") or any(limit is not None for limit in limits)


SeveralColumns = Annotated[tuple[ColumnName, ...], Field(min_length=2)]
Tolerance = Annotated[float, Field(ge=0)]


@dataclass(frozen=True, eq=False)
class RowsAtFault:
    """Rows that do not satisfy a check.

    Attributes
    ----------
    rows : (n_obs,), those at fault, at least one
    found : what was found, in words
    """

    rows: Mask
    found: str


@dataclass(frozen=True)
class RowsCheck(ABC):
    """What rows must satisfy together, as one entry of the spec's ``data.checks`` says it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are looked at."""
        return named_columns(self)

    # What is expected, with options by their names.
    demand: ClassVar[str]

    @property
    def says(self) -> str:
        """What is expected."""
        return self.demand.format(**vars(self))

    @abstractmethod
    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return what does not satisfy the check; columns are of (n_obs,) cells each, by name."""


@dataclass(frozen=True)
class Balanced(RowsCheck):
    """``{use: balanced}``: every entity has a row in every period that some entity has.

    Attributes
    ----------
    use : kind of check
    """

    use: Literal["balanced"]

    demand = "every entity in every period"

    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return the rows of entities that lack a period, how many entities, and the fewest periods."""
        n_rows, n_periods = np.bincount(calendar.entity)[calendar.entity], np.unique(calendar.period).size
        return _of_entities(
            n_rows < n_periods, calendar, f"{{}} have fewer than {n_periods} periods, down to {n_rows.min()}"
        )


@dataclass(frozen=True)
class NoGaps(RowsCheck):
    """``{use: no_gaps}``: no entity lacks a period between two that it has.

    Attributes
    ----------
    use : kind of check
    """

    use: Literal["no_gaps"]

    demand = "no period left out between the first and the last of an entity"

    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return the rows without the period before that are not the first of their entity."""
        first = np.full(calendar.entity.max() + 1, calendar.period.max())
        np.minimum.at(first, calendar.entity, calendar.period)
        failed = (calendar.earlier(1) < 0) & (calendar.period != first[calendar.entity])
        return _of_entities(failed, calendar, "{} have gaps; the rows behind them are listed")


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

    demand = "one value of '{column}' within each entity"

    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return the rows that have a value, and not that of their entity's first row."""
        import pandas as pd

        codes, _ = pd.factorize(columns[self.column])
        value = pd.Series(np.where(codes < 0, np.nan, codes))
        first = value.groupby(calendar.entity).transform("first").to_numpy()
        failed = (codes >= 0) & (codes != first)
        own = columns[self.column].to_numpy()[calendar.entity == calendar.entity[np.argmax(failed)]]
        values = ", ".join(map(repr, pd.Series(own).dropna().unique().tolist()[:3]))
        return _of_entities(failed, calendar, f"'{self.column}' changes within {{}}: {values} in one")


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

    demand = "'{column}' {direction} within each entity"

    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return the rows that go the other way, how many they are, and the largest change."""
        change = self._change(_floats(columns[self.column]), calendar)
        failed = change < 0.0 if self.direction == "rising" else change > 0.0
        if not failed.any():
            return None
        largest = change[failed][np.abs(change[failed]).argmax()]
        what = Coded(
            "'{column}' goes the other way in {failed} rows, by {largest} at most",
            column=self.column,
            failed=int(failed.sum()),
            largest=f"{largest:.4g}",
        )
        return RowsAtFault(failed, what)

    def _change(self, value: Floats, calendar: Calendar) -> Floats:
        """Return the change since the entity's row before, (n_obs,); NaN where there is none."""
        order = np.lexsort((calendar.period, calendar.entity))
        change = np.full(value.size, np.nan)
        same = np.diff(calendar.entity[order]) == 0
        change[order[1:][same]] = np.diff(value[order])[same]
        return change


@dataclass(frozen=True)
class SumCheck(RowsCheck):
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

    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return the rows where the sum differs by more than the tolerance."""
        made, equals = np.sum([_floats(columns[name]) for name in self.of], axis=0), self.equals
        expected = _floats(columns[equals]) if isinstance(equals, str) else np.full(made.shape, equals)
        return _of_numbers(np.abs(made - expected) > self.tolerance, made, expected)


@dataclass(frozen=True)
class ProductCheck(RowsCheck):
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

    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return the rows where the product differs by more than the tolerance, and a factor all share."""
        made = np.prod([_floats(columns[name]) for name in self.of], axis=0)
        expected = _floats(columns[self.equals])
        failed = np.abs(made - expected) > self.relative * np.abs(expected)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = made / expected
        shared = failed.all() and np.isfinite(ratio).all() and np.ptp(ratio) <= 1e-3 * np.abs(ratio).max()
        times = f"; it is {np.median(ratio):.4g} times as large in all rows: do units differ?"
        return _of_numbers(failed, made, expected, times if shared else "")


@dataclass(frozen=True)
class AtMost(RowsCheck):
    """``{use: at_most, column: urban, other: population}``: no row has more of one than of another.

    Attributes
    ----------
    use : kind of check
    column, other : of numbers in one unit
    """

    use: Literal["at_most"]
    column: ColumnName
    other: ColumnName

    demand = "'{column}' at most '{other}'"

    def violation(self, columns: Mapping[str, pd.Series], calendar: Calendar) -> RowsAtFault | None:
        """Return the rows where there is more."""
        made, most = _floats(columns[self.column]), _floats(columns[self.other])
        return _of_numbers(made > most, made, most)


def _of_entities(failed: Mask, calendar: Calendar, what: str) -> RowsAtFault | None:
    """Return rows at fault, (n_obs,), in words that leave a gap for how many entities have them."""
    count = f"{np.unique(calendar.entity[failed]).size} of {np.unique(calendar.entity).size} entities"
    return RowsAtFault(failed, what.replace("{}", count)) if failed.any() else None


def _of_numbers(failed: Mask, made: Floats, expected: Floats, more: str = "") -> RowsAtFault | None:
    """Return rows at fault, (n_obs,), with what is there and what is expected in the first of them."""
    if not failed.any():
        return None
    first, rows = int(np.argmax(failed)), f"{int(failed.sum())} of {failed.size} rows"
    return RowsAtFault(
        failed, f"not so in {rows}; first {made[first]:.6g} against {expected[first]:.6g}{more}"
    )


# A rule that rows must satisfy together.
PanelCheck = Annotated[
    Balanced | NoGaps | Constant | Monotone | SumCheck | ProductCheck | AtMost, Field(discriminator="use")
]


def _floats(column: pd.Series) -> Floats:
    return column.to_numpy(dtype=np.float64)
