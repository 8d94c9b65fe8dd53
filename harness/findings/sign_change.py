"""Findings on moderators: where the effect changes its sign."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.finding import StudyFinding
from harness.report.model.run import Run
from harness.report.sections.moderators.rows import NONE, ThresholdRow, conditional
from harness.report.text.numbers import percent, with_interval


def sign_change_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield every change of sign of every conditional effect, and where there is none.

    A row of the table ``thresholds`` other than ``none`` is one that the draws establish.
    """
    for row in run.view(conditional).thresholds:
        if row.is_done and row.outcome == outcome:
            yield _finding(run, row)


def _finding(run: Run, row: ThresholdRow) -> StudyFinding:
    study = run.manifest.study
    subject = f"{study.estimator_label(row.estimator)}, effect by {study.axis_label(row.moderator)}"
    place = with_interval(row.at, row.conf_low, row.conf_high)
    changes = f"it changes its sign at {place}, in {percent(row.share_of_draws, 0)} of draws"
    return StudyFinding(
        outcome=row.outcome,
        estimator=row.estimator,
        finding="sign_change",
        about=f"{row.scenario}: {row.moderator}",
        text=f"{subject}: {'no change of its sign is established' if row.kind == NONE else changes}.",
        is_established=row.kind != NONE,
        estimate=row.at,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
    )
