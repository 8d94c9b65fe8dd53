"""Findings on turning points: the interior extremes of every curve, established or not."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.finding import StudyFinding
from harness.report.model.run import Run
from harness.report.sections.curves.rows import NONE, TurningPointRow, curve_scenarios, turning_points_of
from harness.report.text.numbers import percent, with_interval
from harness.store.study_record import EstimatorRecord


def turning_point_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield every interior extreme of every curve; that a curve has none is a finding too.

    An extreme is established where the draws say so; its place, interval and share of draws are given whether
    or not they do.
    """
    for scenario in curve_scenarios(run):
        for entry in run.manifest.study.estimators:
            for row in turning_points_of(run, outcome, scenario, entry.id):
                yield _finding(row, entry)


def _finding(row: TurningPointRow, entry: EstimatorRecord) -> StudyFinding:
    if row.kind == NONE:
        text = f"{entry.label}: the curve has no turning point inside the supported range."
    else:
        place = with_interval(row.at, row.conf_low, row.conf_high)
        said = "" if row.is_established else "; it is not established"
        text = (
            f"{entry.label}: the curve has a {row.kind} at {place}, in {percent(row.share_of_draws, 0)} of "
            f"draws{said}."
        )
    return StudyFinding(
        outcome=row.outcome,
        estimator=row.estimator,
        finding="turning_point",
        about=f"{row.scenario}: {row.kind}",
        text=text,
        is_established=row.kind != NONE and row.is_established,
        estimate=row.at,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
    )
