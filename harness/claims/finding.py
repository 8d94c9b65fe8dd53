"""What a printed number may have been before it was rounded, and what a check says about one claim."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.spec.claim import Claim, LevelClaim, PrintedClaim

SLACK = 1e-12
"""Share of the ends that arithmetic on them may be off by."""


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, both included; either end may be infinite."""

    low: float
    high: float

    def meets(self, other: Interval) -> bool:
        """Whether the two have a number in common."""
        ends = [abs(end) for end in (self.low, self.high, other.low, other.high) if math.isfinite(end)]
        slack = SLACK * max(ends, default=0.0)
        return self.low <= other.high + slack and other.low <= self.high + slack


def meant_by(claim: Claim) -> Interval:
    """Return the numbers that round to what a claim prints; a statement holds all the way, which is 1."""
    if not isinstance(claim, PrintedClaim):
        return Interval(1.0, 1.0)
    low, high = claim.value - claim.half_unit, claim.value + claim.half_unit
    bound = claim.bound if isinstance(claim, LevelClaim) else None
    return Interval(-math.inf if bound == "most" else low, math.inf if bound == "least" else high)


Assumption = Literal["", "one fit", "one effect for all entities", "one unit system"]
"""Under which a check binds: that medians of all groups are of one fitted curve at the same rows; that the
effect does not differ between entities; that levels and values of moderators are in the same units."""

Numbered = tuple[int, "Finding"]
"""Position of a claim among those of its study, and what a check says about it."""


@dataclass(frozen=True)
class Finding:
    """The result of one check for one claim.

    Attributes
    ----------
    check : ``ratio`` (a gain from its two errors), ``partition`` (the medians of groups), ``identity``
        (curves of outcomes that are products of each other) or ``units`` (the level of a moderator that two
        outcomes imply)
    is_consistent : whether the claim can be right together with the others it was checked against
    assumption : what must hold for the check to bind; arithmetic assumes nothing
    reason : why, in one sentence
    recomputed : the number from the other claims, NaN where it does not follow from them
    allowed : what the rounding of the other claims allows it to be, None likewise
    """

    check: Literal["ratio", "partition", "identity", "units"]
    is_consistent: bool
    reason: str
    recomputed: float = math.nan
    allowed: Interval | None = None
    assumption: Assumption = ""

    @property
    def is_error(self) -> bool:
        """Whether the claim contradicts others whatever is assumed: an error of arithmetic."""
        return not self.is_consistent and not self.assumption
