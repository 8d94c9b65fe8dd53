"""Claims that a net effect curve goes ever faster, or ever slower, between two exposures."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.curve import CurveKind, RunCurve
from harness.claims.run_value import RunValue
from harness.spec.claim import PaceClaim


class PaceKind(CurveKind[PaceClaim]):
    """The share of the way on which the slope gains, or loses, in size."""

    claim: ClassVar[type[PaceClaim]] = PaceClaim

    def describe(self, claim: PaceClaim) -> str:
        """Return what the number is."""
        start, end = claim.between
        return f"share of the way from {start:g} to {end:g} on which the curve goes on {claim.kind}"

    def on_curve(self, claim: PaceClaim, curve: RunCurve) -> RunValue:
        """Return the share of the way on which this run's curve does."""
        return curve.share_pacing(*claim.between, sign=1.0 if claim.kind == "steepening" else -1.0)
