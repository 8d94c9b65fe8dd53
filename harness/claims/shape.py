"""Claims of how the level of the outcome goes along a moderator."""

from __future__ import annotations

import math
from typing import ClassVar

from harness.claims.curve import RunCurve
from harness.claims.kind import ClaimKind, RunTables
from harness.claims.moderated import surface_of
from harness.claims.run_value import RunValue
from harness.language import marked
from harness.spec.moderated_claim import ShapeClaim
from harness.tables import SURFACES, ResultTable

TOLD = {
    "falling": marked("falls"),
    "rising": marked("rises"),
    "v": "is a V, falling to its least and rising from there",
}


class ShapeKind(ClaimKind[ShapeClaim]):
    """The share of the way along a moderator on which the level goes as the shape says."""

    claim: ClassVar[type[ShapeClaim]] = ShapeClaim
    source: ClassVar[ResultTable] = SURFACES

    def describe(self, claim: ShapeClaim) -> str:
        """Return what the number is."""
        return f"share of the way along {claim.moderator} on which the level {TOLD[claim.kind]}"

    def look_up(self, claim: ShapeClaim, run: RunTables) -> RunValue:
        """Return the share in this run, or why there is none."""
        surface = surface_of(claim, run, claim.moderator)
        if isinstance(surface, RunValue):
            return surface
        curve = surface.along_moderator(surface.level)
        if curve is None:
            return RunValue(math.nan, "this run supports no way along the moderator")
        if claim.kind == "v":
            return share_of_v(curve)
        sign = 1.0 if claim.kind == "rising" else -1.0
        return curve.share_going(float(curve.at[0]), float(curve.at[-1]), sign=sign)


def share_of_v(curve: RunCurve) -> RunValue:
    """Return the share of the way on which a curve falls before its least level and rises after it."""
    least, (first, last) = int(curve.level.argmin()), (float(curve.at[0]), float(curve.at[-1]))
    if least in (0, curve.at.size - 1):
        return RunValue(0.0)
    turn = float(curve.at[least])
    falls = curve.share_going(first, turn, sign=-1.0).value * (turn - first)
    rises = curve.share_going(turn, last, sign=1.0).value * (last - turn)
    return RunValue((falls + rises) / (last - first))
