"""Claims of the exposure at which a net effect curve bends most."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.curve import CurveKind, RunCurve
from harness.claims.run_value import RunValue
from harness.spec.claim import BendClaim


class BendKind(CurveKind[BendClaim]):
    """The exposure at which the slope changes fastest."""

    claim: ClassVar[type[BendClaim]] = BendClaim

    def describe(self, claim: BendClaim) -> str:
        """Return what the number is."""
        return "exposure at which the curve bends most"

    def on_curve(self, claim: BendClaim, curve: RunCurve) -> RunValue:
        """Return where this run's curve bends most."""
        return curve.bend()
