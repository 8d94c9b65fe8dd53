"""The order of rows and columns carries no information."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from harness.conformance.agreement import require_agreement
from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.panels import SEED
from harness.rng import random_stream


class RowOrder(Law[Case]):
    """A fit does not depend on the order of the rows it trains on."""

    name: ClassVar[str] = "row_order"
    says: ClassVar[str] = "the order of the training rows changes nothing"

    def check(self, case: Case) -> str:
        """Fit on the rows in a random order."""
        panel = case.panel
        order = random_stream(SEED, "row order").permutation(panel.n_obs)
        found = case.predicted(panel.take(order), at=panel)
        return require_agreement(found, case.predictions, case=case, what="on rows in another order")


class ColumnOrder(Law[Case]):
    """A fit does not depend on the order of the controls."""

    name: ClassVar[str] = "column_order"
    says: ClassVar[str] = "the order of the controls changes nothing"

    def check(self, case: Case) -> str:
        """Fit with the controls in the reverse order."""
        panel = case.panel
        first = len(panel.columns) - len(panel.controls)
        columns = [*range(first), *range(len(panel.columns) - 1, first - 1, -1)]
        turned = replace(panel, controls=panel.controls[::-1], X=panel.X[:, columns])
        return require_agreement(
            case.predicted(turned), case.predictions, case=case, what="on controls in reverse order"
        )
