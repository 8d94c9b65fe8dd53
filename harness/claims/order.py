"""Claims of the order in which the medians of groups come."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import ClassVar

from harness.claims.kind import ClaimKind, RunTables
from harness.claims.run_value import RunValue, number_in
from harness.spec.claim import OrderClaim
from harness.tables import HETEROGENEITY, ResultTable


class OrderKind(ClaimKind[OrderClaim]):
    """The share of neighbouring groups of which the first has the lesser median."""

    claim: ClassVar[type[OrderClaim]] = OrderClaim
    source: ClassVar[ResultTable] = HETEROGENEITY

    def describe(self, claim: OrderClaim) -> str:
        """Return what the number is."""
        return f"share of neighbours in the order {' < '.join(claim.groups)} ({claim.by})"

    def look_up(self, claim: OrderClaim, run: RunTables) -> RunValue:
        """Return the share by the fit on all rows, or why a group has no median."""
        medians = []
        for group in claim.groups:
            keys = {"by": claim.by, "group": group, "mode": "pooled"}
            found = number_in(run.rows(HETEROGENEITY, claim, keys), "median")
            if math.isnan(found.value):
                return found
            medians.append(found.value)
        pairs = list(pairwise(medians))
        return RunValue(sum(first < second for first, second in pairs) / len(pairs))
