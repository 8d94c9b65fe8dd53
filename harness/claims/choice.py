"""Claims that the gain rises with a choice of the multiverse."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue, rows_of
from harness.spec.claim import ChoiceClaim
from harness.tables import MULTIVERSE_CHOICES, ResultTable


class ChoiceKind(ClaimKind[ChoiceClaim]):
    """The share of steps to the next greater level of a choice at which the mean gain rises."""

    claim: ClassVar[type[ChoiceClaim]] = ChoiceClaim
    source: ClassVar[ResultTable] = MULTIVERSE_CHOICES

    def describe(self, claim: ChoiceClaim) -> str:
        """Return what the number is."""
        return f"share of steps to more of '{claim.choice}' at which the mean gain rises"

    def look_up(self, claim: ChoiceClaim, run: RunTables) -> RunValue:
        """Return the share in this run, or why there is none; the multiverse is of one estimator."""
        rows = run.frames[MULTIVERSE_CHOICES.name]
        own = rows_of(rows, {"outcome": claim.outcome, "choice": claim.choice})
        pairs = zip(own["level"].astype(float), own["mean_gain"], strict=True) if len(own) else ()
        gains = dict(sorted(pairs))
        steps = list(pairwise(gains.values()))
        if not steps:
            return RunValue(math.nan, f"this run has no multiverse over '{claim.choice}'")
        return RunValue(sum(second > first for first, second in steps) / len(steps))
