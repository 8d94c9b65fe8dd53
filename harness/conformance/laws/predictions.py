"""What a fit predicts: numbers of the right shape, a row at a time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.conformance.agreement import require_equal
from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.panels import SEED, fresh
from harness.conformance.verdict import Broken
from harness.estimators.guard import predict
from harness.rng import random_stream


class Predictions(Law[Case]):
    """Predictions are finite floats, one a row."""

    name: ClassVar[str] = "predictions"
    says: ClassVar[str] = "predictions are finite floats of shape (n_obs,), the same each time"
    needs: ClassVar[tuple[str, ...]] = ("fits",)

    def check(self, case: Case) -> str:
        """Predict all rows, a few and a single one; then all once more."""
        first = case.predictions()
        for n_rows in (7, 1):
            predict(case.fit, case.panel.take(np.arange(n_rows)))
        if not np.array_equal(predict(case.fit, fresh(case.panel)), first):
            raise Broken("the same fit predicts the same rows differently the second time")
        return ""


class RowByRow(Law[Case]):
    """The prediction of a row depends on that row alone."""

    name: ClassVar[str] = "row_by_row"
    says: ClassVar[str] = "predictions come in the order of rows and do not depend on the rows beside them"

    def check(self, case: Case) -> str:
        """Predict the rows in another order, and a few of them alone."""
        order = random_stream(SEED, "row_by_row").permutation(case.panel.n_obs)
        for rows, what in (
            (order, "rows in another order"),
            (order[:5], "five rows alone"),
            (order[:1], "one row alone"),
        ):
            found = predict(case.fit, case.panel.take(rows))
            require_equal(found, case.predictions()[rows], case=case, what=what)
        return ""
