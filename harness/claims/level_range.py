"""Claims of the range of the levels on a part of a surface."""

from __future__ import annotations

import math
from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.moderated import range_of, surface_of
from harness.claims.run_value import RunValue
from harness.spec.moderated_claim import LevelRangeClaim
from harness.tables import SURFACES, ResultTable


class LevelRangeKind(ClaimKind[LevelRangeClaim]):
    """The share of the supported cells whose level lies in the range."""

    claim: ClassVar[type[LevelRangeClaim]] = LevelRangeClaim
    source: ClassVar[ResultTable] = SURFACES

    def describe(self, claim: LevelRangeClaim) -> str:
        """Return what the number is."""
        low, high = claim.levels
        place, ends = claim.moderator, range_of(claim)
        return f"share of the supported cells at {place}{ends} whose level lies between {low:g} and {high:g}"

    def look_up(self, claim: LevelRangeClaim, run: RunTables) -> RunValue:
        """Return the share in this run, or why there is none."""
        surface = surface_of(claim, run, claim.moderator)
        if isinstance(surface, RunValue):
            return surface
        levels = surface.level[surface.within(claim.ends)]
        if not levels.size:
            return RunValue(math.nan, "this run supports no cell in the range")
        low, high = claim.levels
        return RunValue(float(((levels >= low) & (levels <= high)).mean()))
