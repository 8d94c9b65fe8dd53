"""The table of turning points of the net effect curves for one outcome."""

from __future__ import annotations

from dataclasses import dataclass

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.curves.rows import NONE, curve_scenarios, turning_points_of
from harness.report.text.numbers import estimate, is_outside, percent, significant

NO_POINT = marked("no interior turning point")


@dataclass(frozen=True)
class TurningTableRow:
    """One turning point in words; only `kind` is filled where a curve has none."""

    label: str
    kind: str
    at: str
    interval: str
    level: str
    share: str


def turning_table(run: Run, outcome: str) -> tuple[TurningTableRow, ...]:
    """Return the turning points of every curve, curves in the order of the study."""
    study = run.manifest.study
    scenarios = curve_scenarios(run)
    rows = []
    for scenario in scenarios:
        for entry in study.estimators:
            about = scenario if scenario not in study.exposures else study.label(study.exposures[scenario])
            label = (
                gettext("{label} ({about})").format(label=entry.label, about=about)
                if len(scenarios) > 1
                else entry.label
            )
            for point in turning_points_of(run, outcome, scenario, entry.id):
                if point.kind == NONE:
                    rows.append(TurningTableRow(label, gettext(NO_POINT), "", "", "", ""))
                    continue
                at, limits = estimate(point.at, point.conf_low, point.conf_high)
                share = percent(point.share_of_draws, 0)
                kind = (
                    gettext(point.kind)
                    if point.is_established
                    else gettext("{kind}, not established").format(kind=gettext(point.kind))
                )
                if is_outside(point.at, point.conf_low, point.conf_high):
                    kind = gettext("{kind}, outside its interval").format(kind=kind)
                rows.append(TurningTableRow(label, kind, at, limits, significant(point.estimate), share))
    return tuple(rows)
