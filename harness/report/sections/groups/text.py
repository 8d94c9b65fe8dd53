"""What is said of groups, in sentences composed from their numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.report.model.run import Run
from harness.report.sections.groups.rows import DifferenceRow, groups_of
from harness.report.text.numbers import with_interval
from harness.report.text.plain_text import joined
from harness.store.study_record import EstimatorRecord


def group_sentences(run: Run, outcome: str, estimator: EstimatorRecord) -> Iterator[str]:
    """Yield the effects by group and which of their differences are established, a sentence a partition."""
    study, groups = run.manifest.study, run.view(groups_of)
    for partition in groups.partitions:
        rows = [
            row
            for row in groups.of(partition, outcome, estimator.id)
            if row.mode == "pooled" and math.isfinite(row.effect)
        ]
        if not rows:
            continue
        effects = [f"{row.group} {with_interval(row.effect, row.conf_low, row.conf_high)}" for row in rows]
        differences = [
            row
            for row in groups.differences_of(partition, outcome, estimator.id)
            if row.mode == "pooled" and row.measure == "effect"
        ]
        yield (
            f"{estimator.label}, effect by {study.label(partition[1])} (one model for all groups): "
            f"{joined(effects)}. {_told_apart(differences)}"
        )


def _told_apart(differences: Sequence[DifferenceRow]) -> str:
    established = [row for row in differences if row.conf_low > 0.0 or row.conf_high < 0.0]
    if not established:
        return "No difference between the effects is established."
    named = [
        f"{row.group} less {row.other} {with_interval(row.difference, row.conf_low, row.conf_high)}"
        for row in established
    ]
    rest = len(differences) - len(established)
    others = f"; {rest} other{'s are' if rest > 1 else ' is'} not" if rest else ""
    return f"Established differences: {joined(named)}{others}."
