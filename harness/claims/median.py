"""Claims of the medians of groups; a pooled median lies between the least and the greatest of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from harness.claims.finding import Finding, Interval, Numbered, meant_by
from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue, number_in
from harness.spec.claim import Claim, MedianClaim
from harness.tables import HETEROGENEITY, ResultTable


class MedianKind(ClaimKind[MedianClaim]):
    """The median of the net effect over the rows of one group."""

    claim: ClassVar[type[MedianClaim]] = MedianClaim
    source: ClassVar[ResultTable] = HETEROGENEITY

    def describe(self, claim: MedianClaim) -> str:
        """Return what the number is."""
        return f"median in {claim.group} ({claim.by})"

    def look_up(self, claim: MedianClaim, run: RunTables) -> RunValue:
        """Return the median by the fit on all rows."""
        keys = {"by": claim.by, "group": claim.group, "mode": "pooled"}
        return number_in(run.rows(HETEROGENEITY, claim, keys), "median")


def pooled_median(medians: Iterable[Interval]) -> Interval:
    """Return what the median of all rows can be, given the medians of groups that hold each row once.

    At least half of a group's rows are not above its median, so at least half of all rows are not above the
    greatest of the medians; likewise below. The midpoint of the two middle values obeys the same rule.

    Parameters
    ----------
    medians : what the median of each group can be; at least one group
    """
    known = list(medians)
    return Interval(min(median.low for median in known), max(median.high for median in known))


def check_partitions(partitions: Mapping[str, Sequence[Interval]]) -> Finding:
    """Return whether one pooled median can lie within the medians of every partition of the same rows.

    Parameters
    ----------
    partitions : what the medians of its groups can be, by the column that sorts the rows; at least two
    """
    pooled = {by: pooled_median(medians) for by, medians in partitions.items()}
    below = min(pooled, key=lambda by: pooled[by].high)
    above = max(pooled, key=lambda by: pooled[by].low)
    is_consistent = pooled[below].meets(pooled[above])
    if is_consistent:
        shared = _shown(Interval(pooled[above].low, pooled[below].high))
        reason = f"the medians by {', '.join(pooled)} allow one median of all rows, between {shared}"
        return Finding("partition", is_consistent, reason, assumption="one fit")
    reason = (
        "of one fit at the same rows, the median of all rows lies between the least and the greatest median "
        f"of any groups that hold all rows: between {_shown(pooled[above])} by {above}, but between "
        f"{_shown(pooled[below])} by {below}"
    )
    return Finding("partition", is_consistent, reason, assumption="one fit")


def partition_findings(claims: Sequence[Claim]) -> Iterator[Numbered]:
    """Yield a finding for every median of an outcome that has two partitions or more.

    One group alone is no partition. Medians of several estimators are several curves.
    """
    medians: dict[tuple[str, str], dict[str, dict[int, Interval]]] = {}
    for at, claim in enumerate(claims):
        if isinstance(claim, MedianClaim):
            by = medians.setdefault((claim.outcome, claim.estimator), {})
            by.setdefault(claim.by, {})[at] = meant_by(claim)
    for columns in medians.values():
        whole = {by: groups for by, groups in columns.items() if len(groups) > 1}
        if len(whole) > 1:
            finding = check_partitions({by: tuple(groups.values()) for by, groups in whole.items()})
            yield from ((at, finding) for groups in whole.values() for at in groups)


def _shown(interval: Interval) -> str:
    return f"{interval.low:.7g} and {interval.high:.7g}"
