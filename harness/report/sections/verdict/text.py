"""The sentences of the verdict, as the table of findings has them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.model.featured import featured
from harness.report.model.run import Run

GAIN, LOWEST = "gain", "lowest_error"


@dataclass(frozen=True)
class FindingRow:
    """One finding: the sentence, and what stands against it."""

    outcome: str
    estimator: str
    finding: str
    about: str
    text: str
    is_established: bool
    caveats: str


@dataclass(frozen=True)
class Said:
    """What is said of one outcome.

    Attributes
    ----------
    headlines : the verdict over each reference
    caveats : what stands against the verdict over each reference, where anything does
    gains : a sentence for each estimator over the study's reference, with what stands against it
    effects : of turning points, groups and moderators, of the featured estimators
    lowest : which estimator has the lowest error, a sentence for each protocol
    """

    headlines: tuple[str, ...]
    caveats: tuple[str, ...]
    gains: tuple[tuple[str, str], ...]
    effects: tuple[str, ...]
    lowest: tuple[str, ...]


def said_of(run: Run, outcome: str) -> Said:
    """Return the sentences on one outcome."""
    rows = [row for row in run.rows("findings", FindingRow) if row.outcome == outcome]
    gains = [row for row in rows if row.finding == GAIN]
    shown = [entry.id for entry in featured(run)]
    return Said(
        headlines=tuple(row.text for row in gains if not row.estimator),
        caveats=tuple(row.caveats for row in gains if not row.estimator and row.caveats),
        gains=tuple(
            (row.text, row.caveats)
            for row in gains
            if row.estimator and row.about == run.manifest.study.reference
        ),
        effects=tuple(
            f"{row.text} {row.caveats}".strip()
            for row in rows
            if row.finding not in {GAIN, LOWEST} and row.estimator in shown
        ),
        lowest=tuple(row.text for row in rows if row.finding == LOWEST),
    )
