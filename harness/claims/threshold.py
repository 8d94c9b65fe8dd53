"""Claims of the moderator value at which the conditional effect changes its sign."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue, nearest
from harness.spec.claim import ThresholdClaim
from harness.tables import THRESHOLDS, ResultTable


class ThresholdKind(ClaimKind[ThresholdClaim]):
    """A threshold of one moderator."""

    claim: ClassVar[type[ThresholdClaim]] = ThresholdClaim
    source: ClassVar[ResultTable] = THRESHOLDS

    def describe(self, claim: ThresholdClaim) -> str:
        """Return what the number is."""
        return f"{claim.moderator} at which the effect changes sign"

    def look_up(self, claim: ThresholdClaim, run: RunTables) -> RunValue:
        """Return the threshold of this run that is nearest to the published one."""
        return nearest(run.rows(THRESHOLDS, claim, {"moderator": claim.moderator}), {}, to=claim.value)
