"""Claims that a net effect curve falls, or rises, all the way between two exposures."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.curve import CurveKind, RunCurve
from harness.claims.run_value import RunValue
from harness.spec.claim import DirectionClaim


class DirectionKind(CurveKind[DirectionClaim]):
    """The share of the way on which the curve goes where it is said to go."""

    claim: ClassVar[type[DirectionClaim]] = DirectionClaim

    def describe(self, claim: DirectionClaim) -> str:
        """Return what the number is."""
        start, end = claim.between
        return f"share of the way from {start:g} to {end:g} on which the curve is {claim.kind}"

    def on_curve(self, claim: DirectionClaim, curve: RunCurve) -> RunValue:
        """Return the share of the way on which this run's curve goes there."""
        return curve.share_going(*claim.between, sign=1.0 if claim.kind == "rising" else -1.0)
