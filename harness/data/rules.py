"""What the spec says of one column: which rows it keeps, and what its cells must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

Bound = Annotated[int | float | str, Field(union_mode="smart")]
"""An end of a range: a number, or a period written as text such as ``2011Q2``."""

Value = Annotated[bool | int | float | str, Field(union_mode="smart")]
"""A value that a cell may have."""

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
