"""A claim as it should be done: with the counterparts of its estimator and protocol in their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.claims.kind import RunTables
from harness.claims.kinds import kind_of
from harness.spec.any_claim import AnyClaim
from harness.spec.claim import ErrorClaim, GainClaim
from harness.spec.publication import Counterparts


def counterpart_of(claim: AnyClaim, beside: Counterparts, *, first_protocol: str) -> AnyClaim | None:
    """Return a claim with its counterparts, or None where it has none.

    Parameters
    ----------
    first_protocol : of claims that name none
    """
    changed: dict[str, str] = {}
    if claim.estimator in beside.estimators:
        changed["estimator"] = beside.estimators[claim.estimator]
    if isinstance(claim, ErrorClaim | GainClaim):
        protocol = claim.protocol or first_protocol
        if protocol in beside.protocols:
            changed["protocol"] = beside.protocols[protocol]
    return claim.model_copy(update=changed) if changed else None


def counterpart_columns(claim: AnyClaim, beside: Counterparts, run: RunTables) -> Mapping[str, Any]:
    """Return the columns of the table ``claims`` that say what the counterpart gives; none without one."""
    other = counterpart_of(claim, beside, first_protocol=run.first_protocol)
    if other is None:
        return {}
    kind = kind_of(other)
    found = kind.look_up(other, run)
    keys = kind.keys(other, run)
    return {
        "counterpart": found.value,
        "counterpart_reason": found.reason,
        "counterpart_estimator": other.estimator,
        "counterpart_protocol": keys.get("protocol"),
    }
