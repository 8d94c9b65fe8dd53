"""The level of a moderator that the medians of two outcomes imply, against published values of the moderator.

With ``product = outcome * moderator * rest`` and ``product = other * rest`` the moderator is in every row
``other / outcome``. Medians of ratios are not ratios of medians, so only a gap of several times its size says
that levels and values of the moderator do not belong to one system of units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.claims.finding import Finding, Interval, Numbered, meant_by
from harness.spec.claim import Claim, Identity, MedianClaim, ThresholdClaim
from harness.spec.moderated_claim import OnsetClaim

SEVERAL = 2.0
"""How many times the greatest published value the implied level must be, or the inverse of the least."""

Medians = Mapping[tuple[str, str, str, str], MedianClaim]
"""By outcome, estimator, column of groups and group."""


def unit_findings(
    claims: Sequence[Claim], identities: Iterable[Identity], outcomes: frozenset[str]
) -> Iterator[Numbered]:
    """Yield a finding for every published value of a moderator that two outcomes with medians imply."""
    medians = {
        (claim.outcome, claim.estimator, claim.by, claim.group): claim
        for claim in claims
        if isinstance(claim, MedianClaim)
    }
    for moderator, numerator, denominator in implied_ratios(identities, outcomes):
        values = {
            at: claim
            for at, claim in enumerate(claims)
            if isinstance(claim, ThresholdClaim | OnsetClaim) and claim.moderator == moderator
        }
        implied = _implied(medians, numerator, denominator)
        if values and implied is not None:
            finding = _finding(moderator, numerator, denominator, implied, list(values.values()))
            yield from ((at, finding) for at in values)


def implied_ratios(
    identities: Iterable[Identity], outcomes: frozenset[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield (moderator, outcome, other outcome): the moderator is the first over the second in every row."""
    factors = [
        (identity.product, name, frozenset(identity.of) - {name})
        for identity in identities
        for name in identity.of
        if name in outcomes
    ]
    for product, smaller, more in factors:
        for other_product, larger, fewer in factors:
            if product == other_product and fewer < more and len(more - fewer) == 1:
                yield next(iter(more - fewer)), larger, smaller


def _implied(medians: Medians, numerator: str, denominator: str) -> Interval | None:
    found = []
    for (outcome, estimator, by, group), claim in medians.items():
        other = medians.get((denominator, estimator, by, group))
        if outcome == numerator and other is not None and meant_by(other).low > 0:
            above, below = meant_by(claim), meant_by(other)
            found.append(Interval(above.low / below.high, above.high / below.low))
    if not found:
        return None
    return Interval(min(interval.low for interval in found), max(interval.high for interval in found))


def _finding(
    moderator: str,
    numerator: str,
    denominator: str,
    implied: Interval,
    values: Sequence[ThresholdClaim | OnsetClaim],
) -> Finding:
    least, greatest = min(claim.value for claim in values), max(claim.value for claim in values)
    is_consistent = implied.low <= SEVERAL * greatest and implied.high >= least / SEVERAL
    verdict = "within" if is_consistent else "beyond"
    reason = (
        f"the medians of {numerator} over those of {denominator} imply a {moderator} of {implied.low:.3g} to "
        f"{implied.high:.3g}, {verdict} {SEVERAL:g} times the published values of {moderator}, {least:g} to "
        f"{greatest:g}, if all are in one system of units"
    )
    return Finding("units", is_consistent, reason, assumption="one unit system")
