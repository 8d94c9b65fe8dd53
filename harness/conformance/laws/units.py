"""Units carry no information."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness.conformance.agreement import require_agreement
from harness.conformance.case import Case
from harness.conformance.law import Law

UNIT, LEVEL = 250.0, -40.0


class OutcomeUnits(Law[Case]):
    """An outcome in another unit has predictions in that unit."""

    name: ClassVar[str] = "outcome_units"
    says: ClassVar[str] = "an outcome a y + b is predicted by a f + b"

    def check(self, case: Case) -> str:
        """Fit on a multiple of the outcome with another level."""
        panel = case.panel
        moved = replace(panel, observed=UNIT * panel.observed + LEVEL)
        found = (case.predicted(moved) - LEVEL) / UNIT
        return require_agreement(found, case.predictions, case=case, what="on an outcome in another unit")


class ColumnUnits(Law[Case]):
    """Columns in other units change no prediction."""

    name: ClassVar[str] = "column_units"
    says: ClassVar[str] = "columns c x + d in the place of x change no prediction"

    def check(self, case: Case) -> str:
        """Fit on columns of which each has a unit and a level of its own."""
        panel = case.panel
        at = np.arange(len(panel.columns))
        units, levels = np.where(at % 2 == 0, UNIT, 1.0 / UNIT), np.where(at % 3 == 0, LEVEL, 0.5)
        moved = replace(panel, X=units * panel.X + levels)
        return require_agreement(
            case.predicted(moved), case.predictions, case=case, what="on columns in other units"
        )
