"""Claims of the change of a net effect curve between two exposures."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.curve import CurveKind, RunCurve
from harness.claims.run_value import RunValue
from harness.spec.claim import ChangeClaim


class ChangeKind(CurveKind[ChangeClaim]):
    """The level at the second exposure minus that at the first."""

    claim: ClassVar[type[ChangeClaim]] = ChangeClaim

    def describe(self, claim: ChangeClaim) -> str:
        """Return what the number is."""
        return f"change of the curve from {claim.between[0]:g} to {claim.between[1]:g}"

    def on_curve(self, claim: ChangeClaim, curve: RunCurve) -> RunValue:
        """Return the change of this run's curve."""
        return curve.change(*claim.between)
