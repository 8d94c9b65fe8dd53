"""What published numbers say about each other: whether all of them can be right."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.language import Coded, all_of, in_series, marked
from harness.study.expectations.claim import (
    Claim,
    ErrorClaim,
    GainClaim,
    Identity,
    MedianClaim,
    ThresholdClaim,
)
from harness.study.expectations.curve_claim import OnsetClaim
from harness.study.spec.printed import Interval

# How many times the greatest published value of a moderator an implied level may be, or the inverse of the
# least: medians of ratios are not ratios of medians.
SEVERAL = 2.0

# Under which a check binds: that medians of all groups are of one fitted curve at the same rows; that the
# effect does not differ between entities; that levels and values of moderators are in the same units; that
# digits were not cut off.
Assumption = Literal["", "one fit", "one effect for all entities", "one unit system", "rounding"]

# Position of a claim among those of its study, and what a check says about it.
Numbered = tuple[int, "Finding"]


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


def gain_interval(mse: Interval, mse_reference: Interval) -> Interval:
    """Return what 1 - mse / mse_reference can be.

    Parameters
    ----------
    mse, mse_reference : what the two errors can be, squared outcome units; below zero they cannot be
    """
    if mse_reference.high <= 0:
        return Interval(-math.inf, 1.0)
    low = 1.0 - mse.high / mse_reference.low if mse_reference.low > 0 else -math.inf
    return Interval(low, 1.0 - max(mse.low, 0.0) / mse_reference.high)


def check_ratio(gain: GainClaim, *, mse: ErrorClaim, mse_reference: ErrorClaim) -> Finding:
    """Return whether a published gain follows from the published errors, as far as they were printed.

    Errors are taken as rounded. Where no rounding explains the gain, they may have been truncated, and the
    gain rounded or truncated.
    """
    allowed = gain_interval(mse.meant, mse_reference.meant)
    is_consistent = allowed.meets(gain.meant)
    unlike: str = Coded("but {percentage} % is printed", percentage=gain.percentage)
    low, high = (f"{100 * end:.4f}" for end in (allowed.low, allowed.high))
    truncated = gain_interval(mse.if_truncated, mse_reference.if_truncated)
    assumption: Assumption = ""
    if not is_consistent and any(map(truncated.meets, (gain.meant, gain.if_truncated))):
        assumption = "rounding"
        ends = {"low": f"{100 * truncated.low:.2f}", "high": f"{100 * truncated.high:.2f}"}
        cut = Coded("errors that were truncated allow {low} % to {high} %", **ends)
        unlike = in_series((unlike, cut))
    reason = Coded(
        "the errors {printed} and {printed_2}, allowing for rounding, imply a gain of {low} % to "
        "{high} %, {verdict}",
        printed=mse.printed,
        printed_2=mse_reference.printed,
        low=low,
        high=high,
        verdict=marked("as printed") if is_consistent else unlike,
    )
    recomputed = 1.0 - mse.value / mse_reference.value if mse_reference.value else math.nan
    return Finding("ratio", is_consistent, reason, recomputed, allowed, assumption)


def ratio_findings(claims: Sequence[Claim]) -> Iterator[Numbered]:
    """Yield a finding for every gain whose two errors are claimed as well, of claims that are completed."""

    def cell(claim: ErrorClaim | GainClaim, estimator: str | None) -> tuple[str | None, ...]:
        return claim.outcome, estimator, claim.protocol, claim.sample

    errors = {cell(claim, claim.estimator): claim for claim in claims if isinstance(claim, ErrorClaim)}
    for at, claim in enumerate(claims):
        if isinstance(claim, GainClaim):
            mse, mse_reference = (
                errors.get(cell(claim, name)) for name in (claim.estimator, claim.reference)
            )
            if mse is not None and mse_reference is not None:
                yield at, check_ratio(claim, mse=mse, mse_reference=mse_reference)


def pooled_median(medians: Collection[Interval]) -> Interval:
    """Return what the median of all rows can be, given the medians of groups that hold each row once.

    At least half of a group's rows are not above its median, so at least half of all rows are not above the
    greatest of the medians; likewise below. The midpoint of the two middle values obeys the same rule.

    Parameters
    ----------
    medians : what the median of each group can be; at least one group
    """
    return Interval(min(median.low for median in medians), max(median.high for median in medians))


def partition_findings(claims: Sequence[Claim]) -> Iterator[Numbered]:
    """Yield a finding for every median of an outcome that has two partitions or more.

    One group alone is no partition. Medians of several estimators are several curves.
    """
    medians: dict[tuple[str, str], dict[str, dict[int, Interval]]] = {}
    for at, claim in enumerate(claims):
        if isinstance(claim, MedianClaim):
            by = medians.setdefault((claim.outcome, claim.estimator), {})
            by.setdefault(claim.by, {})[at] = claim.meant
    for columns in medians.values():
        whole = {by: groups for by, groups in columns.items() if len(groups) > 1}
        if len(whole) > 1:
            finding = _of_partitions({by: pooled_median(groups.values()) for by, groups in whole.items()})
            yield from ((at, finding) for groups in whole.values() for at in groups)


def _of_partitions(pooled: Mapping[str, Interval]) -> Finding:
    """Return whether one pooled median can lie within what every partition of the same rows allows."""
    below = min(pooled, key=lambda by: pooled[by].high)
    above = max(pooled, key=lambda by: pooled[by].low)
    is_consistent = pooled[below].meets(pooled[above])
    if is_consistent:
        shared, by = _shown(Interval(pooled[above].low, pooled[below].high)), all_of(pooled)
        message = "the medians by {pooled} allow one median of all rows, between {shared}"
        reason = Coded(message, pooled=by, shared=shared)
    else:
        reason = Coded(
            "for one fit on the same rows, the overall median lies between the smallest and the "
            "largest group median of any partition: between {pooled} by {above}, but between "
            "{pooled_2} by {below}",
            pooled=_shown(pooled[above]),
            above=above,
            pooled_2=_shown(pooled[below]),
            below=below,
        )
    return Finding("partition", is_consistent, reason, assumption="one fit")


def _shown(interval: Interval) -> str:
    return Coded("{low} and {high}", low=f"{interval.low:.7g}", high=f"{interval.high:.7g}")


def unit_findings(
    claims: Sequence[Claim], identities: Iterable[Identity], outcomes: frozenset[str]
) -> Iterator[Numbered]:
    """Yield a finding for every published value of a moderator that two outcomes with medians imply.

    With ``product = outcome * moderator * rest`` and ``product = other * rest`` the moderator is in every row
    ``other / outcome``. Only a gap of several times its size says that levels and values of the moderator do
    not belong to one system of units.
    """
    for moderator, numerator, denominator in implied_ratios(identities, outcomes):
        values = {
            at: claim.value
            for at, claim in enumerate(claims)
            if isinstance(claim, ThresholdClaim | OnsetClaim) and claim.moderator == moderator
        }
        ratios = list(_ratios_of_medians(claims, numerator, denominator))
        if not values or not ratios:
            continue
        low, high = min(ratio.low for ratio in ratios), max(ratio.high for ratio in ratios)
        least, greatest = min(values.values()), max(values.values())
        is_consistent = low <= SEVERAL * greatest and high >= least / SEVERAL
        message = marked(
            "the ratio of the medians of {numerator} and {denominator} implies a {moderator} of "
            "{low} to {high}, {is_consistent} {SEVERAL} times the published values of {moderator}, "
            "{least} to {greatest}, if all use the same units"
        )
        names = {"numerator": numerator, "denominator": denominator, "moderator": moderator}
        names |= {"low": f"{low:.3g}", "high": f"{high:.3g}", "least": f"{least:g}"}
        names |= {"is_consistent": "within" if is_consistent else "beyond", "greatest": f"{greatest:g}"}
        reason = Coded(message, **names, SEVERAL=f"{SEVERAL:g}")
        finding = Finding("units", is_consistent, reason, assumption="one unit system")
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


def _ratios_of_medians(claims: Sequence[Claim], numerator: str, denominator: str) -> Iterator[Interval]:
    """Yield what the ratio of two outcomes' medians can be, for each group for which both are claimed."""
    medians = {
        (claim.outcome, claim.estimator, claim.by, claim.group): claim.meant
        for claim in claims
        if isinstance(claim, MedianClaim)
    }
    for (outcome, estimator, by, group), above in medians.items():
        below = medians.get((denominator, estimator, by, group))
        if outcome == numerator and below is not None and below.low > 0:
            yield Interval(above.low / below.high, above.high / below.low)
