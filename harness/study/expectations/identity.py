"""Curves of outcomes whose ratio is held fixed: when the exposure changes, both change by the same factor.

With ``result = share * rest`` and the rest held fixed, ``log result`` and ``log share`` differ by a constant
at every exposure. So two such curves rise and fall together, and between the same two exposures their levels
change by the same factor. For curves that are means over rows this is exact where the effect does not depend
on the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from harness.language import Message, all_of, in_series, marked
from harness.study.expectations.claim import Claim, Identity
from harness.study.expectations.consistency import Finding, Numbered
from harness.study.expectations.curve_claim import DirectionClaim, LevelClaim
from harness.study.spec.printed import Interval

# How a curve goes, by its direction and by whether it is known how far.
COURSES = {
    ("falling", True): marked("{outcome} falls by {size} {where}"),
    ("falling", False): marked("{outcome} falls {where}"),
    ("rising", True): marked("{outcome} rises by {size} {where}"),
    ("rising", False): marked("{outcome} rises {where}"),
}


@dataclass(frozen=True)
class Tied:
    """Outcomes whose curves change by the same factors while the columns in `held` are held fixed."""

    outcomes: frozenset[str]
    held: frozenset[str]


def tied_outcomes(identities: Iterable[Identity], outcomes: frozenset[str]) -> Sequence[Tied]:
    """Return the groups of outcomes that are tied directly or through a third one.

    Parameters
    ----------
    outcomes : of the study; the other factors of an identity are held
    """
    groups: list[Tied] = []
    for identity in identities:
        factors = frozenset(identity.of)
        group = Tied(frozenset({identity.product}) | factors & outcomes, factors - outcomes)
        apart = [other for other in groups if not other.outcomes & group.outcomes]
        for other in groups:
            if other not in apart:
                group = Tied(group.outcomes | other.outcomes, group.held | other.held)
        groups = [*apart, group]
    return groups


@dataclass(frozen=True)
class Stretch:
    """Two published points of a curve, the lesser exposure first."""

    start: LevelClaim
    end: LevelClaim

    @property
    def ends(self) -> tuple[float, float]:
        """The exposures of the two points."""
        return self.start.at, self.end.at

    @property
    def factor(self) -> Interval:
        """What level at the end over level at the start can be; the start's level must be above zero."""
        start, end = self.start.meant, self.end.meant
        return Interval(end.low / start.high, end.high / start.low)

    @property
    def change(self) -> float:
        """Relative change, as printed."""
        return self.end.value / self.start.value - 1.0


@dataclass(frozen=True)
class PublishedCurve:
    """What was published about the net effect curve of one outcome, as one estimator gave it.

    Bounds ("at least 885") do not say how a curve goes, nor do levels that may be zero or less: a curve can
    change by a factor only where it is positive.

    Attributes
    ----------
    claims : that say how the curve goes, by their positions among those of the study
    """

    outcome: str
    estimator: str
    claims: dict[int, LevelClaim | DirectionClaim]

    @property
    def directions(self) -> list[DirectionClaim]:
        """Where it falls and rises."""
        return [claim for claim in self.claims.values() if isinstance(claim, DirectionClaim)]

    @property
    def stretches(self) -> list[Stretch]:
        """Every pair of points at different exposures."""
        levels = (claim for claim in self.claims.values() if isinstance(claim, LevelClaim))
        pairs = combinations(sorted(levels, key=lambda level: level.at), 2)
        return [Stretch(start, end) for start, end in pairs if start.at < end.at]

    def course(self, direction: DirectionClaim) -> str:
        """Return how the curve goes in a direction, in numbers where points lie at both ends."""
        known = next((stretch for stretch in self.stretches if stretch.ends == direction.between), None)
        size = "" if known is None else f"{100 * abs(known.change):.0f}%"
        message, where = COURSES[direction.kind, known is not None], _between(*direction.between)
        return Message(message, outcome=self.outcome, size=size, where=where)


def _between(start: float, end: float) -> str:
    return Message("between {start} and {end}", start=f"{start:g}", end=f"{end:g}")


def _published_curves(claims: Sequence[Claim]) -> list[PublishedCurve]:
    curves: dict[tuple[str, str], PublishedCurve] = {}
    for at, claim in enumerate(claims):
        if isinstance(claim, LevelClaim) and (claim.bound is not None or claim.meant.low <= 0):
            continue
        if isinstance(claim, LevelClaim | DirectionClaim):
            place = (claim.outcome, claim.estimator)
            curves.setdefault(place, PublishedCurve(*place, {})).claims[at] = claim
    return list(curves.values())


# Whether two curves agree on one thing, as far as their numbers were printed, and what each does there.
Comparison = tuple[bool, str]


def _compared(curve: PublishedCurve, other: PublishedCurve) -> Iterator[Comparison]:
    """Yield what two curves of one log-slope say about the same stretches of the exposure."""
    for direction, another in product(curve.directions, other.directions):
        low, high = zip(direction.between, another.between, strict=True)
        if max(low) < min(high):
            yield direction.kind == another.kind, _both(curve.course(direction), other.course(another))
    for stretch, along in product(curve.stretches, other.stretches):
        if stretch.ends == along.ends:
            where = _between(*stretch.ends)
            message = marked("{name} changes by {change} % {where}")
            courses = (
                Message(message, name=one.outcome, change=f"{100 * own.change:+.1f}", where=where)
                for one, own in ((curve, stretch), (other, along))
            )
            yield stretch.factor.meets(along.factor), _both(*courses)


def _both(one: str, two: str) -> str:
    return Message("{one}, while {two}", one=one, two=two)


def identity_findings(claims: Sequence[Claim], ties: Sequence[Tied]) -> Iterator[Numbered]:
    """Yield a finding for every claim that draws a curve which a tied curve can be compared with."""
    curves = _published_curves(claims)
    for curve, tied in product(curves, ties):
        others = [
            other
            for other in curves
            if other.estimator == curve.estimator
            and other.outcome != curve.outcome
            and {curve.outcome, other.outcome} <= tied.outcomes
        ]
        comparisons = [found for other in others for found in _compared(curve, other)]
        if comparisons:
            finding = _finding(comparisons, tied)
            yield from ((at, finding) for at in curve.claims)


def _finding(comparisons: Sequence[Comparison], tied: Tied) -> Finding:
    """Return the worst of several comparisons: all must hold."""
    agree, courses = min(comparisons, key=lambda comparison: comparison[0])
    held = all_of(sorted(tied.held))
    verdict = (
        marked("they do")
        if agree
        else marked("not under a single effect; possible if effects differ between entities")
    )
    rule = Message(
        "holding {held} fixed and with one effect for all entities, both change by the same factor", held=held
    )
    reason = in_series((courses, Message("{where}: {what}", where=rule, what=verdict)))
    return Finding("identity", agree, reason, assumption="one effect for all entities")
