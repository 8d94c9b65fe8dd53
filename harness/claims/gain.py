"""Claims of a gain, and the gain recomputed from the two mean squared errors it was computed from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from harness.claims.finding import Finding, Interval, Numbered, meant_by
from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue, number_in
from harness.spec.claim import Claim, ErrorClaim, GainClaim
from harness.tables import GAIN, ResultTable


class GainKind(ClaimKind[GainClaim]):
    """A gain over the reference, under one protocol on one sample."""

    claim: ClassVar[type[GainClaim]] = GainClaim
    source: ClassVar[ResultTable] = GAIN

    def describe(self, claim: GainClaim) -> str:
        """Return what the number is."""
        return "gain over the reference"

    def look_up(self, claim: GainClaim, run: RunTables) -> RunValue:
        """Return the gain of this run."""
        keys = {"protocol": claim.protocol or run.first_protocol, "sample": claim.sample}
        return number_in(run.rows(GAIN, claim, keys), "gain")

    def keys(self, claim: GainClaim, run: RunTables) -> Mapping[str, Any]:
        """Return what is claimed, the protocol named."""
        return {**super().keys(claim, run), "protocol": claim.protocol or run.first_protocol}


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

    errors = {cell(claim, claim.estimator): claim for claim in claims if isinstance(claim, ErrorClaim)}
    for at, claim in enumerate(claims):
        if isinstance(claim, GainClaim):
            mse, mse_reference = (errors.get(cell(claim, name)) for name in (claim.estimator, reference))
            if mse is not None and mse_reference is not None:
                yield at, check_ratio(claim, mse=mse, mse_reference=mse_reference)
