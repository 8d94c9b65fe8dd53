"""A run in a few lines of HTML, for a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.comparison import Comparison, comparison
from harness.report.reading.results import Results
from harness.report.reading.run import Run
from harness.report.templating import environment


@dataclass(frozen=True)
class Part:
    """What a digest says about one outcome."""

    label: str
    main: Comparison
    further: tuple[Comparison, ...]


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
    return Part(
        label=results.run.manifest.study.label(outcome),
        main=comparison(results, outcome),
        further=tuple(comparison(one, outcome) for one in results.further),
    )
