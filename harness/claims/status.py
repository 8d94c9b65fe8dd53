"""How a claim stands: against the other claims, and against what a run gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.claims.finding import Finding, Interval, meant_by
from harness.claims.run_value import RunValue
from harness.spec.claim import Claim

ClaimVerdict = Literal[
    "consistent",
    "inconsistent",
    "inconsistent under assumption",
    "reproduced",
    "differs",
    "not comparable",
]


@dataclass(frozen=True)
class ClaimStatus:
    """The status of a claim and why, in one or two sentences."""

    status: ClaimVerdict
    reason: str


def status_of(
    claim: Claim, run_value: RunValue, *, finding: Finding | None, data_are_published: bool
) -> ClaimStatus:
    """Return how a claim stands.

    What cannot be right by arithmetic is inconsistent, whatever this run gives; what cannot be right if
    something is assumed that the publication does not say is inconsistent under that assumption. A number
    is compared with this run's only where the data are the published ones; then it is reproduced where this
    run's number rounds to it, or lies within its declared tolerance. On other data all that can be said is
    what the checks say.

    Parameters
    ----------
    finding : what a check says about the claim; None where none concerns it
    data_are_published : as the spec says
    """
    checked = finding.reason if finding else ""
    if finding is not None and not finding.is_consistent:
        return ClaimStatus("inconsistent" if finding.is_error else "inconsistent under assumption", checked)
    compared = _compared(claim, run_value) if data_are_published else None
    if compared is not None:
        return ClaimStatus(compared.status, "; ".join(filter(None, (compared.reason, checked))))
    if finding is not None:
        return ClaimStatus("consistent", checked)
    other = "" if data_are_published else "the spec does not say that these data are the published ones"
    return ClaimStatus("not comparable", "; ".join(filter(None, (other, run_value.reason))))


def _compared(claim: Claim, run_value: RunValue) -> ClaimStatus | None:
    """Return how a claim stands against this run, None where the run gives nothing to compare."""
    if run_value.is_absent:
        return ClaimStatus("differs", run_value.reason)
    if math.isnan(run_value.value):
        return None
    meant = meant_by(claim)
    close = Interval(meant.low - claim.tolerance, meant.high + claim.tolerance)
    where = f"{close.low:.6g} to {close.high:.6g}"
    if close.meets(Interval(run_value.value, run_value.value)):
        return ClaimStatus("reproduced", f"this run's number lies within {where}")
    return ClaimStatus("differs", f"this run's number lies outside {where}")
