"""What was published about one net effect curve: points on it, and where it falls and rises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from harness.claims.finding import Interval, meant_by
from harness.spec.claim import Claim, DirectionClaim, LevelClaim


@dataclass(frozen=True)
class Point:
    """A published level.

    Attributes
    ----------
    at : exposure
    value : as printed, outcome units
    level : what it can have been
    """

    at: float
    value: float
    level: Interval


@dataclass(frozen=True)
class Way:
    """A stretch of the exposure on which a curve falls, or rises, all the way."""

    low: float
    high: float
    kind: str

    def overlaps(self, other: Way) -> bool:
        """Whether the two have more than an end in common."""
        return max(self.low, other.low) < min(self.high, other.high)


@dataclass(frozen=True)
class Leg:
    """Two published points of a curve, the lesser exposure first."""

    start: Point
    end: Point

    @property
    def factor(self) -> Interval:
        """What level at the end over level at the start can be; the start's level must be above zero."""
        start, end = self.start.level, self.end.level
        return Interval(end.low / start.high, end.high / start.low)

    @property
    def change(self) -> float:
        """Relative change, as printed."""
        return self.end.value / self.start.value - 1.0


def draws_curve(claim: Claim) -> TypeGuard[LevelClaim | DirectionClaim]:
    """Whether a claim says how a curve goes.

    Bounds ("at least 885") do not, nor do levels that may be zero or less: a curve can change by a factor
    only where it is positive.
    """
    if isinstance(claim, LevelClaim):
        return claim.bound is None and meant_by(claim).low > 0
    return isinstance(claim, DirectionClaim)


@dataclass(frozen=True)
class PublishedCurve:
    """The curve of one outcome.

    Attributes
    ----------
    outcome : name
    points : in the order of the exposure
    ways : where it falls and rises
    """

    outcome: str
    points: tuple[Point, ...]
    ways: tuple[Way, ...]

    @classmethod
    def of(cls, outcome: str, claims: Iterable[LevelClaim | DirectionClaim]) -> PublishedCurve:
        """Return the curve of an outcome that these claims draw, see `draws_curve`."""
        points, ways = [], []
        for claim in claims:
            if isinstance(claim, LevelClaim):
                points.append(Point(claim.at, claim.value, meant_by(claim)))
            else:
                ways.append(Way(*claim.between, kind=claim.kind))
        return cls(outcome, tuple(sorted(points, key=lambda point: point.at)), tuple(ways))

    def legs(self) -> Iterator[Leg]:
        """Yield every pair of points at different exposures."""
        for at, start in enumerate(self.points):
            for end in self.points[at + 1 :]:
                if start.at < end.at:
                    yield Leg(start, end)

    def told(self, way: Way) -> str:
        """Return how the curve goes on one of its ways, in numbers where points lie at both ends."""
        where = f"between {way.low:g} and {way.high:g}"
        ends = (way.low, way.high)
        leg = next((leg for leg in self.legs() if (leg.start.at, leg.end.at) == ends), None)
        falls = way.kind == "falling"
        if leg is None:
            return f"{self.outcome} falls {where}" if falls else f"{self.outcome} rises {where}"
        size = f"{100 * abs(leg.change):.0f}%"
        return (
            f"{self.outcome} falls by {size} {where}" if falls else f"{self.outcome} rises by {size} {where}"
        )
