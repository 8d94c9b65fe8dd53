"""What is said of turning points, in sentences composed from their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.model.run import Run
from harness.report.sections.curves.rows import TurningPointRow, curve_scenarios, turning_points_of
from harness.report.text.numbers import percent, with_interval
from harness.report.text.plain_text import joined
from harness.store.study_record import EstimatorRecord


def turning_point_sentences(run: Run, outcome: str, estimator: EstimatorRecord) -> Iterator[str]:
    """Yield which turning points an estimator's curves have, a sentence a scenario."""
    scenarios = curve_scenarios(run)
    for scenario in scenarios:
        points = turning_points_of(run, outcome, scenario, estimator.id)
        if not points:
            continue
        known = [row for row in points if row.is_established]
        where = f"{estimator.label}, turning points of the curve" + (
            f" ({scenario})" if len(scenarios) > 1 else ""
        )
        if not known:
            yield f"{where}: none is established inside the supported range."
            continue
        yield f"{where}: {joined([_point(row) for row in known])}."


def _point(row: TurningPointRow) -> str:
    where = with_interval(row.at, row.conf_low, row.conf_high)
    return f"a {row.kind} at {where}, in {percent(row.share_of_draws, 0)} of draws"
