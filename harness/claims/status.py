"""How a claim stands: against the other claims, and against what a run gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.claims.finding import Finding
from harness.claims.interval import Interval, meant_by
from harness.claims.run_value import RunValue
from harness.spec.claim import Claim

Status = Literal["consistent", "inconsistent", "reproduced", "differs", "not comparable"]


@dataclass(frozen=True)
class Standing:
    """The status of a claim and why, in one or two sentences."""

    status: Status
    reason: str


def standing(claim: Claim, here: RunValue, *, finding: Finding | None, data_are_published: bool) -> Standing:
    """Return how a claim stands.

    What cannot be right is inconsistent, whatever this run gives. A number is compared with this run's only
    where the data are the published ones; then it is reproduced where this run's number rounds to it, or lies
    within its declared tolerance. On other data all that can be said is what the checks say.

    Parameters
    ----------
    finding : what a check says about the claim; None where none concerns it
    data_are_published : as the spec says
    """
    checked = finding.reason if finding else ""
    if finding is not None and not finding.is_consistent:
        return Standing("inconsistent", checked)
    compared = _compared(claim, here) if data_are_published else None
    if compared is not None:
        return Standing(compared.status, "; ".join(filter(None, (compared.reason, checked))))
    if finding is not None:
        return Standing("consistent", checked)
    other = "" if data_are_published else "the spec does not say that these data are the published ones"
    return Standing("not comparable", "; ".join(filter(None, (other, here.reason))))


def _compared(claim: Claim, here: RunValue) -> Standing | None:
    """Return how a claim stands against this run, None where the run gives nothing to compare."""
    if here.is_absent:
        return Standing("differs", here.reason)
    if math.isnan(here.value):
        return None
    meant = meant_by(claim)
    close = Interval(meant.low - claim.tolerance, meant.high + claim.tolerance)
    where = f"{close.low:.6g} to {close.high:.6g}"
    if close.meets(Interval(here.value, here.value)):
        return Standing("reproduced", f"this run's number lies within {where}")
    return Standing("differs", f"this run's number lies outside {where}")
