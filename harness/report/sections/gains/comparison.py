"""What the gains over one reference amount to, for one outcome."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.model.gains import Gains
from harness.report.sections.gains.table import GainTable, PValueGroup, gain_table, p_value_groups
from harness.report.sections.gains.text import estimator_verdict, headline


@dataclass(frozen=True)
class GainComparison:
    """Every estimator against one reference.

    Attributes
    ----------
    reference : how the estimator that gains are over is called
    headline : the plain verdict
    verdicts : a sentence for each estimator but the reference
    """

    reference: str
    headline: str
    verdicts: tuple[str, ...]
    gains: GainTable
    p_values: tuple[PValueGroup, ...]


def comparison(gains: Gains, outcome: str) -> GainComparison:
    """Return what the gains over one reference say about one outcome."""
    cells, reference = gains.cells(outcome), gains.reference_label
    return GainComparison(
        reference=reference,
        headline=headline(cells, reference=reference),
        verdicts=tuple(
            estimator_verdict(
                [cell for cell in cells if cell.estimator.id == candidate.id], reference=reference
            )
            for candidate in gains.candidates
        ),
        gains=gain_table(gains, outcome),
        p_values=p_value_groups(gains, outcome),
    )


def comparisons(gains: Gains, outcome: str) -> tuple[GainComparison, ...]:
    """Return what the gains over every reference say about one outcome, that of the study first."""
    return tuple(comparison(over, outcome) for over in (gains, *gains.further))
