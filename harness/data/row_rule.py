"""Which rows of a table are kept, by the values of one column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

Bound = Annotated[int | float | str, Field(union_mode="smart")]
"""An end of a range: a number, or a period written as text such as ``2011Q2``."""

Value = Annotated[bool | int | float | str, Field(union_mode="smart")]
"""A value that a cell may have."""


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
