"""A run in a few lines of HTML, for a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.reading.results import Results
from harness.report.reading.run import Run
from harness.report.tables.gain_table import GainTable, gain_table
from harness.report.templating import environment
from harness.report.words.verdict import estimator_verdict, headline


@dataclass(frozen=True)
class Part:
    """What a digest says about one outcome."""

    label: str
    headline: str
    verdicts: tuple[str, ...]
    gains: GainTable


def digest(run: Run, *, report: str) -> str:
    """Return the title, what must be known of the data, the verdict and the gains, with all names escaped.

    Parameters
    ----------
    report : where the report is
    """
    results, study = Results(run), run.manifest.study
    return (
        environment({})
        .get_template("digest.html.j2")
        .render(
            study=study,
            data=run.manifest.data,
            parts=[_part(results, outcome) for outcome in study.outcomes],
            report=report,
        )
    )


def _part(results: Results, outcome: str) -> Part:
    study = results.run.manifest.study
    cells = results.gains(outcome)
    return Part(
        label=study.label(outcome),
        headline=headline(cells, reference=study.reference_label),
        verdicts=tuple(
            estimator_verdict(
                [cell for cell in cells if cell.estimator.id == one.id], reference=study.reference_label
            )
            for one in results.rivals
        ),
        gains=gain_table(results, outcome),
    )
