"""Curves of outcomes whose ratio is held fixed: when the exposure changes, both change by the same factor.

With ``result = share * rest`` and the rest held fixed, ``log result`` and ``log share`` differ by a constant
at every exposure. So two such curves rise and fall together, and between the same two exposures their levels
change by the same factor. For curves that are means over rows this is exact where the effect does not depend
on the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from harness.claims.finding import Assumption, Finding, Numbered
from harness.claims.published_curve import Leg, PublishedCurve, draws_curve
from harness.spec.claim import Claim, DirectionClaim, Identity, LevelClaim

ASSUMPTION: Assumption = "one effect for all entities"


@dataclass(frozen=True)
class Tied:
    """Outcomes whose curves change by the same factors while the columns in `held` are held fixed."""

    outcomes: frozenset[str]
    held: frozenset[str]

    def joined(self, other: Tied) -> Tied:
        """Return both groups as one, tied by an outcome that they share."""
        return Tied(self.outcomes | other.outcomes, self.held | other.held)


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
                group = group.joined(other)
        groups = [*apart, group]
    return groups


@dataclass(frozen=True)
class CurveComparison:
    """One thing that two curves must agree on.

    Attributes
    ----------
    agree : whether they do, as far as their numbers were printed
    told : what the one does, while the other does
    """

    agree: bool
    told: str


def compare_curves(curve: PublishedCurve, other: PublishedCurve) -> Iterator[CurveComparison]:
    """Yield what two curves of one log-slope say about the same stretches of the exposure."""
    for way, another in product(curve.ways, other.ways):
        if way.overlaps(another):
            told = f"{curve.told(way)}, while {other.told(another)}"
            yield CurveComparison(way.kind == another.kind, told)
    for leg, another_leg in product(curve.legs(), other.legs()):
        if (leg.start.at, leg.end.at) == (another_leg.start.at, another_leg.end.at):
            told = f"{_told(curve, leg)}, while {_told(other, another_leg)}"
            yield CurveComparison(leg.factor.meets(another_leg.factor), told)


def _told(curve: PublishedCurve, leg: Leg) -> str:
    where = f"between {leg.start.at:g} and {leg.end.at:g}"
    return f"{curve.outcome} changes by {100 * leg.change:+.1f} % {where}"


def identity_findings(claims: Sequence[Claim], ties: Sequence[Tied]) -> Iterator[Numbered]:
    """Yield a finding for every claim that draws a curve which a tied curve can be compared with."""
    drawn: dict[tuple[str, str], dict[int, LevelClaim | DirectionClaim]] = {}
    for at, claim in enumerate(claims):
        if draws_curve(claim):
            drawn.setdefault((claim.estimator, claim.outcome), {})[at] = claim
    curves = {key: PublishedCurve.of(key[1], own.values()) for key, own in drawn.items()}
    for (estimator, outcome), curve in curves.items():
        for tied in ties:
            others = [
                other
                for (same, name), other in curves.items()
                if same == estimator and name != outcome and {name, outcome} <= tied.outcomes
            ]
            comparisons = [told for other in others for told in compare_curves(curve, other)]
            if comparisons:
                finding = _finding(comparisons, tied)
                yield from ((at, finding) for at in drawn[estimator, outcome])


def _finding(comparisons: Sequence[CurveComparison], tied: Tied) -> Finding:
    """Return the worst of several comparisons: all must hold."""
    worst = min(comparisons, key=lambda comparison: comparison.agree)
    held = ", ".join(sorted(tied.held))
    verdict = "they do" if worst.agree else "they do not; effects that differ between entities may"
    rule = f"with {held} held fixed, and one effect for all entities, both change by the same factor"
    return Finding("identity", worst.agree, f"{worst.told}; {rule}: {verdict}", assumption=ASSUMPTION)
