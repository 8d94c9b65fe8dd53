"""What is left of each gain under each protocol, as the table ``decomposition`` has it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evaluation.tables import LEFT
from harness.findings.run import Run
from harness.language import marked
from harness.tables.gain import DECOMPOSITION, PartRow

NEVER_SEEN = marked("entities never seen")
"""The part that no knowledge of an entity can carry."""

NEEDED = tuple(LEFT.values())
"""Names of the protocols that parts are of."""


@dataclass(frozen=True)
class GainLeft:
    """What is left of the gain of one estimator; `parts` are those the run has, nearest first."""

    estimator: str
    parts: tuple[PartRow, ...]

    def part(self, name: str) -> PartRow | None:
        """Return one part; None where the run lacks it."""
        return next((row for row in self.parts if row.part == name), None)


def gains_left(run: Run, outcome: str) -> tuple[GainLeft, ...]:
    """Return what is left of the gains of one outcome, estimators in the order of the table."""
    rows = [row for row in run.rows(DECOMPOSITION) if row.outcome == outcome]
    return tuple(
        GainLeft(name, tuple(row for row in rows if row.estimator == name))
        for name in dict.fromkeys(row.estimator for row in rows)
    )
