"""What a check says about one claim."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.claims.interval import Interval

Numbered = tuple[int, "Finding"]
"""Position of a claim among those of its study, and what a check says about it."""


@dataclass(frozen=True)
class Finding:
    """The result of one check for one claim.

    Attributes
    ----------
    check : ``ratio`` (a gain from its two errors), ``partition`` (the medians of groups) or ``identity``
        (curves of outcomes that are products of each other)
    is_consistent : whether the claim can be right together with the others it was checked against
    reason : why, in one sentence
    recomputed : the number from the other claims, NaN where it does not follow from them
    allowed : what the rounding of the other claims allows it to be, None likewise
    """

    check: Literal["ratio", "partition", "identity"]
    is_consistent: bool
    reason: str
    recomputed: float = math.nan
    allowed: Interval | None = None
