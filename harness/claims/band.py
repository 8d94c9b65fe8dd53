"""Claims that the pointwise band of a net effect curve narrows, or widens, between two exposures."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.curve import RunCurve, curve_points
from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue
from harness.spec.claim import BandClaim
from harness.tables import CURVES, ResultTable


class BandKind(ClaimKind[BandClaim]):
    """The share of the way on which the width of the band goes where it is said to go."""

    claim: ClassVar[type[BandClaim]] = BandClaim
    source: ClassVar[ResultTable] = CURVES

    def describe(self, claim: BandClaim) -> str:
        """Return what the number is."""
        start, end = claim.between
        return f"share of the way from {start:g} to {end:g} on which the pointwise band is {claim.kind}"

    def look_up(self, claim: BandClaim, run: RunTables) -> RunValue:
        """Return the share of the way on which this run's band does, or why there is none."""
        points = curve_points(claim, run, {"kind": "level", "band": "pointwise"})
        if isinstance(points, RunValue):
            return points
        at, low, high = (points[name].to_numpy(dtype=float) for name in ("at", "conf_low", "conf_high"))
        sign = -1.0 if claim.kind == "narrowing" else 1.0
        return RunCurve(at, high - low).share_going(*claim.between, sign=sign)
