"""All checks on the claims of a study: which numbers can be right together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.evaluation.claims.finding import Finding
from harness.evaluation.claims.identity import Comparison, compare
from harness.evaluation.claims.interval import Interval, meant_by
from harness.evaluation.claims.partition import check_partitions
from harness.evaluation.claims.published_curve import PublishedCurve, draws_curve
from harness.evaluation.claims.ratio import check_ratio
from harness.spec.claim import Claim, DirectionClaim, ErrorClaim, GainClaim, LevelClaim, MedianClaim
from harness.spec.identity import Identity

Numbered = tuple[int, Finding]
"""Position of a claim, and what a check says about it."""


def check_all(
    claims: Sequence[Claim],
    *,
    outcomes: Collection[str],
    identities: Sequence[Identity],
    reference: str,
    first_protocol: str,
) -> Mapping[int, Finding]:
    """Return what the checks say, by the position of the claim; a claim that none concerns is left out.

    Parameters
    ----------
    claims : of one study
    outcomes : of the study
    identities : products that tie outcomes to each other
    reference : estimator that gains are over
    first_protocol : protocol of claims that name none
    """
    return dict(
        [
            *_ratios(claims, reference=reference, first_protocol=first_protocol),
            *_partitions(claims),
            *_identities(claims, _ties(identities, frozenset(outcomes))),
        ]
    )


def _ratios(claims: Sequence[Claim], *, reference: str, first_protocol: str) -> Iterator[Numbered]:
    def cell(claim: ErrorClaim | GainClaim, estimator: str) -> tuple[str, str, str, str]:
        return claim.outcome, estimator, claim.protocol or first_protocol, claim.sample

    errors = {cell(one, one.estimator): one for one in claims if isinstance(one, ErrorClaim)}
    for at, claim in enumerate(claims):
        if isinstance(claim, GainClaim):
            mse, mse_reference = (errors.get(cell(claim, one)) for one in (claim.estimator, reference))
            if mse is not None and mse_reference is not None:
                yield at, check_ratio(claim, mse=mse, mse_reference=mse_reference)


def _partitions(claims: Sequence[Claim]) -> Iterator[Numbered]:
    """Check the medians of each curve; one group alone is no partition."""
    medians: dict[tuple[str, str], dict[str, list[Interval]]] = {}
    for claim in claims:
        if isinstance(claim, MedianClaim):
            by = medians.setdefault((claim.outcome, claim.estimator), {})
            by.setdefault(claim.by, []).append(meant_by(claim))
    whole = {
        curve: {by: known for by, known in columns.items() if len(known) > 1}
        for curve, columns in medians.items()
    }
    findings = {curve: check_partitions(columns) for curve, columns in whole.items() if len(columns) > 1}
    for at, claim in enumerate(claims):
        if isinstance(claim, MedianClaim):
            curve = (claim.outcome, claim.estimator)
            if curve in findings and claim.by in whole[curve]:
                yield at, findings[curve]


@dataclass(frozen=True)
class _Tied:
    """Outcomes that share one log-slope while `held` are held fixed."""

    outcomes: frozenset[str]
    held: frozenset[str]

    def joined(self, other: _Tied) -> _Tied:
        return _Tied(self.outcomes | other.outcomes, self.held | other.held)


def _ties(identities: Sequence[Identity], outcomes: frozenset[str]) -> list[_Tied]:
    """Return groups of outcomes that identities tie to each other, directly or through a third."""
    groups: list[_Tied] = []
    for identity in identities:
        factors = frozenset(identity.of)
        group = _Tied(frozenset({identity.product}) | factors & outcomes, factors - outcomes)
        apart = [one for one in groups if not one.outcomes & group.outcomes]
        for one in groups:
            if one not in apart:
                group = group.joined(one)
        groups = [*apart, group]
    return groups


def _identities(claims: Sequence[Claim], ties: Sequence[_Tied]) -> Iterator[Numbered]:
    of_curve: dict[tuple[str, str], dict[int, LevelClaim | DirectionClaim]] = {}
    for at, claim in enumerate(claims):
        if draws_curve(claim):
            of_curve.setdefault((claim.estimator, claim.outcome), {})[at] = claim
    for tied in ties:
        curves = {
            (estimator, outcome): PublishedCurve.of(outcome, own.values())
            for (estimator, outcome), own in of_curve.items()
            if outcome in tied.outcomes
        }
        for (estimator, outcome), curve in curves.items():
            others = [one for key, one in curves.items() if key[0] == estimator and key[1] != outcome]
            comparisons = [told for other in others for told in compare(curve, other)]
            if comparisons:
                finding = _finding(comparisons, tied)
                yield from ((at, finding) for at in of_curve[estimator, outcome])


def _finding(comparisons: Sequence[Comparison], tied: _Tied) -> Finding:
    worst = min(comparisons, key=lambda one: one.agree)
    held = ", ".join(sorted(tied.held))
    verdict = "they do" if worst.agree else "they cannot both be right"
    reason = f"{worst.told}; with {held} held fixed both must change by the same factor: {verdict}"
    return Finding("identity", worst.agree, reason)
