"""Findings on turning points: the interior extremes of every curve, established or not."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.finding import StudyFinding
from harness.language import gettext
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
        text = gettext("{label}: the curve has no turning point inside the supported range.").format(
            label=entry.label
        )
    else:
        place = with_interval(row.at, row.conf_low, row.conf_high)
        said = "" if row.is_established else gettext("; it is not established")
        text = gettext(
            "{label}: the curve has a {kind} at {place}, in {share_of_draws} of draws{said}."
        ).format(
            label=entry.label,
            kind=gettext(row.kind),
            place=place,
            share_of_draws=percent(row.share_of_draws, 0),
            said=said,
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
