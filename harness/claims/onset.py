"""Claims of the value at which an effect begins or fades without changing its sign."""

from __future__ import annotations

import math
from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.moderated import effects_by_moderator, slopes_by_exposure
from harness.claims.run_value import RunValue
from harness.language import marked
from harness.spec.moderated_claim import OnsetClaim
from harness.tables import CONDITIONAL_EFFECTS, ResultTable


class OnsetKind(ClaimKind[OnsetClaim]):
    """The value with an effect whose neighbour below, or above, has none for certain."""

    claim: ClassVar[type[OnsetClaim]] = OnsetClaim
    source: ClassVar[ResultTable] = CONDITIONAL_EFFECTS

    def describe(self, claim: OnsetClaim) -> str:
        """Return what the number is."""
        verb = marked("lowers") if claim.effect == "falling" else marked("raises")
        bound = "from which" if claim.kind == "begins" else "up to which"
        moderator = claim.moderator or marked("exposure")
        return f"{moderator} {bound} the exposure {verb} the outcome"

    def look_up(self, claim: OnsetClaim, run: RunTables) -> RunValue:
        """Return the onset of this run that is nearest to the published one, or why there is none."""
        if claim.moderator is None:
            effects = slopes_by_exposure(claim, run)
        else:
            effects = effects_by_moderator(claim, run, claim.moderator)
        if isinstance(effects, RunValue):
            return effects
        is_there = effects.has(claim.effect)
        if not is_there.any() or is_there.all():
            where = marked("everywhere") if is_there.all() else marked("nowhere")
            return RunValue(math.nan, f"in this run the effect is there {where}", is_absent=True)
        begins = claim.kind == "begins"
        with_effect = is_there[1:] if begins else is_there[:-1]
        neighbour = is_there[:-1] if begins else is_there[1:]
        at = (effects.at[1:] if begins else effects.at[:-1])[with_effect & ~neighbour]
        if not at.size:
            return RunValue(math.nan, f"in this run the effect nowhere {claim.kind}", is_absent=True)
        return RunValue(min(at.tolist(), key=lambda value: abs(value - claim.value)))
