"""A gain recomputed from the two mean squared errors it was computed from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.claims.finding import Finding, Numbered
from harness.claims.interval import Interval, meant_by
from harness.spec.claim import Claim, ErrorClaim, GainClaim


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
    """Return whether a published gain follows from the published errors, as far as they were printed."""
    allowed = gain_interval(meant_by(mse), meant_by(mse_reference))
    is_consistent = allowed.meets(meant_by(gain))
    verdict = "as printed" if is_consistent else f"but {gain.percentage} % is printed"
    return Finding(
        check="ratio",
        is_consistent=is_consistent,
        reason=(
            f"the errors {mse.printed} and {mse_reference.printed} give a gain of "
            f"{100 * allowed.low:.4f} % to {100 * allowed.high:.4f} % by their rounding, {verdict}"
        ),
        recomputed=1.0 - mse.value / mse_reference.value if mse_reference.value else math.nan,
        allowed=allowed,
    )


def ratio_findings(claims: Sequence[Claim], *, reference: str, first_protocol: str) -> Iterator[Numbered]:
    """Yield a finding for every gain whose two errors are claimed as well.

    Parameters
    ----------
    reference : estimator that gains are over
    first_protocol : protocol of claims that name none
    """

    def cell(claim: ErrorClaim | GainClaim, estimator: str) -> tuple[str, str, str, str]:
        return claim.outcome, estimator, claim.protocol or first_protocol, claim.sample

    errors = {cell(one, one.estimator): one for one in claims if isinstance(one, ErrorClaim)}
    for at, claim in enumerate(claims):
        if isinstance(claim, GainClaim):
            mse, mse_reference = (errors.get(cell(claim, one)) for one in (claim.estimator, reference))
            if mse is not None and mse_reference is not None:
                yield at, check_ratio(claim, mse=mse, mse_reference=mse_reference)
