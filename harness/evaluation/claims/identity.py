"""Curves of outcomes whose ratio is held fixed: when the exposure changes, both change by the same factor.

With ``result = share * rest`` and the rest held fixed, ``log result`` and ``log share`` differ by a constant
at every exposure. So two such curves rise and fall together, and between the same two exposures their levels
change by the same factor. For curves that are means over rows this is exact where the effect does not depend
on the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from harness.evaluation.claims.published_curve import Leg, PublishedCurve


@dataclass(frozen=True)
class Comparison:
    """One thing that two curves must agree on.

    Attributes
    ----------
    agree : whether they do, as far as their numbers were printed
    told : what the one does, while the other does
    """

    agree: bool
    told: str


def compare(one: PublishedCurve, other: PublishedCurve) -> Iterator[Comparison]:
    """Yield what two curves of one log-slope say about the same stretches of the exposure."""
    for way, another in product(one.ways, other.ways):
        if way.overlaps(another):
            told = f"{one.told(way)}, while {other.told(another)}"
            yield Comparison(way.kind == another.kind, told)
    for leg, another_leg in product(one.legs(), other.legs()):
        if (leg.start.at, leg.end.at) == (another_leg.start.at, another_leg.end.at):
            told = f"{_told(one, leg)}, while {_told(other, another_leg)}"
            yield Comparison(leg.factor.meets(another_leg.factor), told)


def _told(curve: PublishedCurve, leg: Leg) -> str:
    where = f"between {leg.start.at:g} and {leg.end.at:g}"
    return f"{curve.outcome} changes by {100 * leg.change:+.1f} % {where}"
