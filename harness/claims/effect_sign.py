"""Claims of the sign of the conditional effect on a range of a moderator."""

from __future__ import annotations

import math
from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.moderated import effects_by_moderator, range_of
from harness.claims.run_value import RunValue
from harness.spec.moderated_claim import EffectSignClaim
from harness.tables import CONDITIONAL_EFFECTS, ResultTable

TOLD = {"falling": "lowers the outcome", "rising": "raises the outcome", "none": "has no clear effect"}


class EffectSignKind(ClaimKind[EffectSignClaim]):
    """The share of the supported values of the moderator at which the effect has the sign."""

    claim: ClassVar[type[EffectSignClaim]] = EffectSignClaim
    source: ClassVar[ResultTable] = CONDITIONAL_EFFECTS

    def describe(self, claim: EffectSignClaim) -> str:
        """Return what the number is."""
        ends = range_of(claim)
        return f"share of the values of {claim.moderator}{ends} at which the exposure {TOLD[claim.kind]}"

    def look_up(self, claim: EffectSignClaim, run: RunTables) -> RunValue:
        """Return the share in this run, or why there is none."""
        effects = effects_by_moderator(claim, run, claim.moderator)
        if isinstance(effects, RunValue):
            return effects
        low, high = claim.ends
        inside = (effects.at >= low) & (effects.at <= high)
        if not inside.any():
            return RunValue(math.nan, "this run supports no value of the moderator in the range")
        return RunValue(float(effects.has(claim.kind)[inside].mean()))
