"""Claims of the level of a net effect curve at one exposure."""

from __future__ import annotations

from typing import ClassVar

from harness.claims.curve import CurveKind, RunCurve
from harness.claims.run_value import RunValue
from harness.spec.claim import LevelClaim

BOUNDS = {"least": ", at least", "most": ", at most", None: ""}


class LevelKind(CurveKind[LevelClaim]):
    """The level at one exposure, or a bound of it."""

    claim: ClassVar[type[LevelClaim]] = LevelClaim

    def describe(self, claim: LevelClaim) -> str:
        """Return what the number is."""
        return f"curve at {claim.at:g}{BOUNDS[claim.bound]}"

    def on_curve(self, claim: LevelClaim, curve: RunCurve) -> RunValue:
        """Return the level of this run's curve."""
        return curve.level_at(claim.at)
