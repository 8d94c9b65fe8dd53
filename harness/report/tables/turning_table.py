"""The table of turning points of the net effect curves for one outcome."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.reading.run import Run
from harness.report.reading.turning_points import NONE
from harness.report.words.digits import estimate, percent, significant

NO_POINT = "no interior turning point"


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
    several = len(run.curve_scenarios) > 1
    rows = []
    for scenario in run.curve_scenarios:
        for one in study.estimators:
            label = f"{one.label} ({scenario})" if several else one.label
            for point in run.turning_points_of(outcome, scenario, one.id):
                if point.kind == NONE:
                    rows.append(TurningTableRow(label, NO_POINT, "", "", "", ""))
                    continue
                at, limits = estimate(point.at, point.conf_low, point.conf_high)
                share = percent(point.share_of_draws, 0)
                rows.append(
                    TurningTableRow(label, point.kind, at, limits, significant(point.estimate), share)
                )
    return tuple(rows)
