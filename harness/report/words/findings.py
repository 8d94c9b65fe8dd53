"""What a run says about turning points, groups and moderators, in sentences composed from its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.report.reading.conditional import NONE as NO_CHANGE
from harness.report.reading.featured import featured
from harness.report.reading.groups import DifferenceRow
from harness.report.reading.run import Run
from harness.report.reading.surfaces import SurfaceKey
from harness.report.reading.turning_points import NONE as NO_POINT
from harness.report.reading.turning_points import TurningPointRow
from harness.report.tables.conditional_table import effects_at
from harness.report.words.digits import estimate, percent
from harness.report.words.text import joined
from harness.store.study_record import EstimatorRecord


def findings(run: Run, outcome: str) -> tuple[str, ...]:
    """Return sentences on turning points of the featured estimators, groups and moderators of the first."""
    shown = featured(run)
    return tuple(
        sentence
        for sentences in (
            *(_turning_points(run, outcome, one) for one in shown),
            *(_groups(run, outcome, one) for one in shown[:1]),
            *(_moderators(run, outcome, one) for one in shown[:1]),
        )
        for sentence in sentences
    )


def _with_interval(value: float, low: float, high: float) -> str:
    return " ".join(part for part in estimate(value, low, high) if part)


def _turning_points(run: Run, outcome: str, one: EstimatorRecord) -> Iterator[str]:
    for scenario in run.curve_scenarios:
        points = run.turning_points_of(outcome, scenario, one.id)
        if not points:
            continue
        known = [row for row in points if row.kind != NO_POINT]
        where = f"{one.label}, turning points of the curve" + (
            f" ({scenario})" if len(run.curve_scenarios) > 1 else ""
        )
        if not known:
            yield f"{where}: none is established inside the supported range."
            continue
        yield f"{where}: {joined([_point(row) for row in known])}."


def _point(row: TurningPointRow) -> str:
    where = _with_interval(row.at, row.conf_low, row.conf_high)
    return f"a {row.kind} at {where}, in {percent(row.share_of_draws, 0)} of draws"


def _groups(run: Run, outcome: str, one: EstimatorRecord) -> Iterator[str]:
    study = run.manifest.study
    for partition in run.groups.partitions:
        rows = [
            row
            for row in run.groups.of(partition, outcome, one.id)
            if row.mode == "pooled" and math.isfinite(row.effect)
        ]
        if not rows:
            continue
        effects = [f"{row.group} {_with_interval(row.effect, row.conf_low, row.conf_high)}" for row in rows]
        differences = [
            row
            for row in run.groups.differences_of(partition, outcome, one.id)
            if row.mode == "pooled" and row.measure == "effect"
        ]
        yield (
            f"{one.label}, effect by {study.label(partition[1])} (one model for all groups): "
            f"{joined(effects)}. {_told_apart(differences)}"
        )


def _told_apart(differences: Sequence[DifferenceRow]) -> str:
    established = [row for row in differences if row.conf_low > 0.0 or row.conf_high < 0.0]
    if not established:
        return "No difference between the effects is established."
    named = [
        f"{row.group} less {row.other} {_with_interval(row.difference, row.conf_low, row.conf_high)}"
        for row in established
    ]
    rest = len(differences) - len(established)
    others = f"; {rest} other{'s are' if rest > 1 else ' is'} not" if rest else ""
    return f"Established differences: {joined(named)}{others}."


def _moderators(run: Run, outcome: str, one: EstimatorRecord) -> Iterator[str]:
    study = run.manifest.study
    for question in run.conditional.questions:
        key = SurfaceKey(*question, outcome, one.id)
        line = run.conditional.effect(key)
        shown = effects_at(line) if line is not None else ()
        if not shown:
            continue
        effects = joined([f"{at.effect.value} {at.effect.interval}".strip() + f" at {at.at}" for at in shown])
        yield f"{one.label}, effect by {study.axis_label(question[1])}: {effects}. {_changes(run, key)}"


def _changes(run: Run, key: SurfaceKey) -> str:
    known = [row for row in run.conditional.thresholds_of(key) if row.kind != NO_CHANGE]
    if not known:
        return "No change of its sign is established."
    places = joined([_with_interval(row.at, row.conf_low, row.conf_high) for row in known])
    return f"It changes its sign at {places}."
