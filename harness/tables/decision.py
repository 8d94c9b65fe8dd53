"""What a number with its interval and p-value says: one of six words, decided once and stored with it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, Literal

# `untested` is a number that was not computed, or that no rule decides on.
Decision = Literal["above", "below", "negligible", "open", "conditional", "untested"]

ABOVE: Final = "above"
BELOW: Final = "below"
NEGLIGIBLE: Final = "negligible"
OPEN: Final = "open"
CONDITIONAL: Final = "conditional"
UNTESTED: Final = "untested"

# Decisions that state a direction.
SIGNIFICANT: Final = frozenset({ABOVE, BELOW})

# What has to exclude zero: the adjusted p-value, the interval, or both of them.
Evidence = Literal["p", "interval", "both"]


def size_of(level: float) -> float:
    """Return the size of the tests that go with intervals of coverage `level`, its last bits rounded off."""
    return round(1.0 - level, 12)


def decide(
    estimate: float,
    low: float,
    high: float,
    p_adjusted: float = math.nan,
    *,
    by: Evidence,
    size: float = math.nan,
    margin: float = math.nan,
    two_sided: bool = True,
) -> Decision:
    """Return what a number says.

    It is above or below zero where the evidence asked for excludes zero: the adjusted p-value is below
    `size`; both limits lie on the side of zero on which the number itself is; or both. Otherwise it is
    negligible where its interval lies within the margin, and else open. A number that is not finite is
    untested.

    Parameters
    ----------
    estimate, low, high : the number and the limits of its interval, in one unit
    p_adjusted : adjusted for its family; read where `by` asks for it
    size : of the test, in (0, 1); read where `by` asks for a p-value
    margin : > 0, largest size that does not matter, in the unit of the number; NaN without one
    two_sided : whether the margin bounds the interval on both sides, or from above alone
    """
    if not math.isfinite(estimate):
        return UNTESTED
    is_significant = p_adjusted < size
    excludes_zero = min(low, estimate) > 0.0 or max(high, estimate) < 0.0
    evidence = {"p": is_significant, "interval": excludes_zero, "both": is_significant and excludes_zero}
    if evidence[by]:
        return ABOVE if estimate > 0.0 else BELOW
    widest = max(abs(low), abs(high)) if two_sided else high
    return NEGLIGIBLE if widest < margin else OPEN


def decide_by_intervals(
    estimates: Iterable[float], lows: Iterable[float], highs: Iterable[float], *, size: float
) -> list[Decision]:
    """Return what numbers say by their intervals alone, without a margin; see `decide`."""
    numbers = zip(estimates, lows, highs, strict=True)
    return [decide(*one, by="interval", size=size) for one in numbers]


def decide_conditionally(estimate: float, low: float) -> Decision:
    """Return what a number says whose interval is conditional on the few periods tested, without a p-value.

    Parameters
    ----------
    estimate, low : the number and the lower limit of its interval
    """
    if not math.isfinite(estimate):
        return UNTESTED
    return CONDITIONAL if low > 0.0 else OPEN


def decide_test(p_value: float, *, size: float) -> Decision:
    """Return what a test says whose statistic has no sign: above where it rejects."""
    if not math.isfinite(p_value):
        return UNTESTED
    return ABOVE if p_value < size else OPEN


def family_name(of: str, n_tests: int) -> str:
    """Return what a p-value is adjusted for, such as ``outcomes:3``."""
    return f"{of}:{n_tests}"


def family_size(family: str) -> int:
    """Return how many tests a p-value is adjusted for; one without a family."""
    return int(family.rpartition(":")[2] or 1)
