"""What the gains over one reference amount to, for one outcome."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.model.gains import Gains
from harness.report.sections.gains.table import GainTable, PValueGroup, gain_table, p_value_groups


@dataclass(frozen=True)
class GainComparison:
    """Every estimator against one reference.

    Attributes
    ----------
    reference : how the estimator that gains are over is called
    gains, p_values : their tables
    """

    reference: str
    gains: GainTable
    p_values: tuple[PValueGroup, ...]


def comparison(gains: Gains, outcome: str) -> GainComparison:
    """Return what the gains over one reference say about one outcome."""
    return GainComparison(
        reference=gains.reference_label,
        gains=gain_table(gains, outcome),
        p_values=p_value_groups(gains, outcome),
    )


def comparisons(gains: Gains, outcome: str) -> tuple[GainComparison, ...]:
    """Return what the gains over every reference say about one outcome, that of the study first."""
    return tuple(comparison(over, outcome) for over in (gains, *gains.further))
