"""Findings on turning points: the interior extremes of every curve, established or not."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.finding import StudyFinding
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.model.run import Run
from harness.report.sections.curves.rows import NONE, curve_scenarios, turning_points_of
from harness.report.text.numbers import is_outside, percent, with_interval
from harness.report.text.units import in_unit
from harness.tables.curves import TurningPointRow


def turning_point_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield every interior extreme of every curve; that a curve has none is a finding too.

    An extreme is established where the draws say so; its place, interval and share of draws are given whether
    or not they do. Draws can turn, and all elsewhere than the fit does: of one that is established and lies
    outside its interval, the place is said not to be.
    """
    study = run.manifest.study
    for scenario in curve_scenarios(run):
        for entry in study.estimators:
            for row in turning_points_of(run, outcome, scenario, entry.id):
                yield _finding(study, row)


def _finding(study: StudyRecord, row: TurningPointRow) -> StudyFinding:
    label = study.estimator_label(row.estimator)
    if row.kind == NONE:
        text = gettext("{label}: the curve has no turning point inside the supported range.").format(
            label=label
        )
    else:
        unit = study.unit(study.exposure_of(row.scenario))
        place = in_unit(with_interval(row.at, row.conf_low, row.conf_high), unit)
        if not row.is_established:
            said = gettext("; it is not established")
        else:
            is_elsewhere = is_outside(row.at, row.conf_low, row.conf_high)
            said = gettext("; its place is not established") if is_elsewhere else ""
        text = gettext(
            "{label}: the curve has a {kind} at {place}, in {share_of_draws} of draws{said}."
        ).format(
            label=label,
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
