"""Claims of the exposure at which a net effect curve turns."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue, nearest
from harness.spec.claim import TurningPointClaim
from harness.tables import TURNING_POINTS, ResultTable


class TurningPointKind(ClaimKind[TurningPointClaim]):
    """A minimum or maximum of the curve."""

    claim: ClassVar[type[TurningPointClaim]] = TurningPointClaim
    source: ClassVar[ResultTable] = TURNING_POINTS

    def describe(self, claim: TurningPointClaim) -> str:
        """Return what the number is."""
        return f"exposure at a {claim.kind} of the curve"

    def look_up(self, claim: TurningPointClaim, run: RunTables) -> RunValue:
        """Return the turning point of this run that is nearest to the published one."""
        return nearest(run.rows(TURNING_POINTS, claim, {}), {"kind": claim.kind}, to=claim.value)
