"""Numbers as they were printed, with how many decimals, and what they were before they were rounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from harness.language import Coded

Number = Annotated[float, Field(allow_inf_nan=False)]


# Share of the ends of an interval that arithmetic on them may be off by.
SLACK = 1e-12


class SpecModel(BaseModel):
    """A mapping whose keys are the fields: strictly read, unknown keys refused, and then frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def refused(what: str, expected: str, hint: str = "") -> PydanticCustomError:
    """Return the fault of a value of a spec: what is wrong, what is expected, and what would do."""
    return PydanticCustomError("refused", "{what}", {"what": what, "expected": expected, "hint": hint})


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, both included; either end may be infinite."""

    low: float
    high: float

    @classmethod
    def around(cls, value: float, half: float) -> Interval:
        """Return all numbers that are at most `half` off."""
        return cls(value - half, value + half)

    def meets(self, other: Interval) -> bool:
        """Whether the two have a number in common."""
        ends = [abs(end) for end in (self.low, self.high, other.low, other.high) if math.isfinite(end)]
        slack = SLACK * max(ends, default=0.0)
        return self.low <= other.high + slack and other.low <= self.high + slack

    def holds(self, number: float) -> bool:
        """Whether a number is one of them; one on an end is as good as one within."""
        return self.meets(Interval(number, number))

    def widened(self, by: float) -> Interval:
        """Return the numbers that are at most so far off."""
        return Interval(self.low - by, self.high + by)


class PrintedNumber(SpecModel):
    """A number that was rounded when it was printed.

    Attributes
    ----------
    value : as printed, zeros at its end included: they say how it was rounded
    digits : decimals it was rounded to, where its text does not say so; -1 for "about 920"
    """

    value: Number
    digits: Annotated[int, Field(ge=-20, le=20)] | None = None

    @property
    def n_decimals(self) -> int:
        """Decimals the value was rounded to; below zero for tens, hundreds and so on."""
        if self.digits is not None:
            return self.digits
        return 0 if self.value.is_integer() else decimals(repr(self.value))

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: the most that rounding can have changed the value by."""
        return 0.5 * 10.0**-self.n_decimals

    @property
    def if_truncated(self) -> Interval:
        """The numbers that the printed one is what is left of, where digits were cut off."""
        unit = 2.0 * self.half_unit
        return Interval(self.value - unit * (self.value <= 0), self.value + unit * (self.value >= 0))

    @property
    def printed(self) -> str:
        """The value with the decimals it was printed with."""
        return f"{self.value:.{max(self.n_decimals, 0)}f}"


def decimals(text: str) -> int:
    """Return the decimals of a number as written: 4 for ``0.0010``, 0 for ``920``, -1 for ``9.2e2``."""
    exponent = Decimal(text).as_tuple().exponent
    if not isinstance(exponent, int):
        message = Coded("{text} is not a finite number", text=text)
        raise TypeError(message)
    return -exponent
