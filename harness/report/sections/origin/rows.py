"""The in-sample gain taken apart, as the table ``decomposition`` has it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evaluation.decomposition import PARTS
from harness.report.model.run import Run

TOTAL = "in-sample gain"
"""The part that is the sum of the others."""

ASCENDING = tuple(part.name for part in reversed(PARTS))
"""The parts from what lasts to what does not: each adds to the gain of the ones before it."""

FORM = ASCENDING[0]
"""What is left for entities never seen."""

NEEDED = tuple(part.with_it for part in PARTS)
"""Names of the protocols whose gains the parts are differences of."""


@dataclass(frozen=True)
class PartRow:
    """One part of an estimator's in-sample gain over the reference, a fraction, with its interval."""

    outcome: str
    estimator: str
    reference: str
    part: str
    estimate: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True)
class Decomposition:
    """The in-sample gain of one estimator.

    Attributes
    ----------
    parts : in the order of `ASCENDING`
    total : their sum
    """

    estimator: str
    parts: tuple[PartRow, ...]
    total: PartRow

    def part(self, name: str) -> PartRow:
        """Return one part."""
        return self.parts[ASCENDING.index(name)]


def decompositions(run: Run, outcome: str) -> tuple[Decomposition, ...]:
    """Return the decompositions for one outcome, estimators in the order of the table."""
    rows = run.rows("decomposition", PartRow)
    found = {(row.estimator, row.part): row for row in rows if row.outcome == outcome}
    return tuple(
        Decomposition(
            estimator=name,
            parts=tuple(found[name, part] for part in ASCENDING),
            total=found[name, TOTAL],
        )
        for name in dict.fromkeys(estimator for estimator, _ in found)
    )
