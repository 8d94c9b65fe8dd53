"""A run in a few lines of HTML, for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.findings.gains import GainCell, Gains
from harness.findings.run import Run
from harness.language import closed_up
from harness.report.sections.verdict.text import Said, said_of
from harness.report.templating import environment
from harness.report.told import told


@dataclass(frozen=True)
class DigestOutcome:
    """What a digest says about one outcome: sentences, and the gains of each estimator under its name."""

    label: str
    said: Said
    gains: tuple[tuple[str, tuple[GainCell, ...]], ...]


def digest(run: Run, *, report: str, messages: Sequence[Path] = ()) -> str:
    """Return the title, what must be known of the data, the verdict and the gains, with all names escaped.

    Parameters
    ----------
    report : where the report is
    messages : folders of the plugins' catalogs
    """
    with told(run, messages=messages) as own:
        return closed_up(_digest(own, report))


def _digest(run: Run, report: str) -> str:
    study, gains = run.manifest.study, Gains(run)
    template = environment().get_template("digest.html.j2")
    outcomes = [_outcome(gains, outcome) for outcome in study.outcomes]
    return template.render(study=study, data=run.manifest.data, outcomes=outcomes, report=report)


def _outcome(gains: Gains, outcome: str) -> DigestOutcome:
    study = gains.run.manifest.study
    cells = tuple(
        (entry.label, tuple(gains.cell(outcome, entry, protocol) for protocol in study.honest_first))
        for entry in study.estimators
    )
    return DigestOutcome(study.label(outcome), said_of(gains.run, outcome), cells)
