"""What the gains over one reference amount to, for one outcome."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.reading.results import Results
from harness.report.tables.gain_table import GainTable, gain_table
from harness.report.tables.p_value_table import PValueGroup, p_value_table
from harness.report.words.verdict import estimator_verdict, headline


@dataclass(frozen=True)
class Comparison:
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


def comparison(results: Results, outcome: str) -> Comparison:
    """Return what the gains over the reference of `results` say about one outcome."""
    cells, reference = results.gains(outcome), results.reference_label
    return Comparison(
        reference=reference,
        headline=headline(cells, reference=reference),
        verdicts=tuple(
            estimator_verdict([cell for cell in cells if cell.estimator.id == one.id], reference=reference)
            for one in results.rivals
        ),
        gains=gain_table(results, outcome),
        p_values=p_value_table(results, outcome),
    )
