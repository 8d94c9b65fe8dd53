"""What a column must hold, as the spec's ``data.schema`` says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.data.row_rule import Value

ColumnType = Literal["number", "integer", "text", "boolean"]


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
