"""Claims that the effect of the exposure falls, or rises, along a moderator or along the exposure."""

from __future__ import annotations

import math
from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.moderated import range_of, surface_of
from harness.claims.run_value import RunValue
from harness.spec.moderated_claim import EffectTrendClaim
from harness.tables import SURFACES, ResultTable


class EffectTrendKind(ClaimKind[EffectTrendClaim]):
    """The share of the way on which the effect, over the supported cells, goes where it is said to go."""

    claim: ClassVar[type[EffectTrendClaim]] = EffectTrendClaim
    source: ClassVar[ResultTable] = SURFACES

    def describe(self, claim: EffectTrendClaim) -> str:
        """Return what the number is."""
        ends = range_of(claim)
        if claim.along == "moderator":
            return f"share of the way along {claim.moderator}{ends} on which the effect is {claim.kind}"
        given = f"the effect given {claim.moderator}"
        return f"share of the way along the exposure{ends} on which {given} is {claim.kind}"

    def look_up(self, claim: EffectTrendClaim, run: RunTables) -> RunValue:
        """Return the share in this run, or why there is none."""
        surface = surface_of(claim, run, claim.moderator)
        if isinstance(surface, RunValue):
            return surface
        along = surface.along_moderator if claim.along == "moderator" else surface.along_exposure
        curve = along(surface.effect)
        low, high = claim.ends
        if curve is None or max(low, curve.at[0]) >= min(high, curve.at[-1]):
            return RunValue(math.nan, "this run supports no way in the range")
        ends = float(max(low, curve.at[0])), float(min(high, curve.at[-1]))
        return curve.share_going(*ends, sign=1.0 if claim.kind == "rising" else -1.0)
