"""Findings on groups: what the effect in one group is more than in another, one model for all groups."""

from __future__ import annotations

from collections.abc import Iterator

from harness.findings.finding import StudyFinding
from harness.language import gettext
from harness.report.model.run import Run
from harness.report.sections.groups.rows import groups_of
from harness.report.text.numbers import with_interval
from harness.report.text.units import effect_in_units
from harness.tables.heterogeneity import DifferenceRow


def group_findings(run: Run, outcome: str) -> Iterator[StudyFinding]:
    """Yield the difference of effects between every pair of groups; one sentence where there can be none.

    It is established where its interval excludes zero, to the side on which the difference itself is. Levels
    are no findings: the level of a group is the curve, which is averaged over all rows, at the exposures of
    the group, and no mean of the group.
    """
    groups = run.view(groups_of)
    for partition in groups.partitions:
        for entry in run.manifest.study.estimators:
            rows = [
                row
                for row in groups.differences_of(partition, outcome, entry.id)
                if (row.mode, row.measure) == ("pooled", "effect")
            ]
            if rows and not any((row.difference, row.conf_low, row.conf_high) != (0, 0, 0) for row in rows):
                yield _one_effect(run, rows[0])
                continue
            for row in rows:
                yield _finding(run, row, n_pairs=len(rows))


def _one_effect(run: Run, row: DifferenceRow) -> StudyFinding:
    """Say once that an estimator has the same effect in all groups, in every draw: its form has no other."""
    study = run.manifest.study
    return StudyFinding(
        outcome=row.outcome,
        estimator=row.estimator,
        finding="group_difference",
        about=f"{row.scenario}, {row.by}",
        text=(
            gettext("{estimator} has one effect for all groups by {by}: its form allows no other.").format(
                estimator=study.estimator_label(row.estimator), by=study.label(row.by)
            )
        ),
        is_established=False,
        estimate=0.0,
        conf_low=0.0,
        conf_high=0.0,
    )


def _finding(run: Run, row: DifferenceRow, *, n_pairs: int) -> StudyFinding:
    study = run.manifest.study
    pairs = (
        gettext("One of {n_pairs} pairs; intervals are not adjusted for their number.").format(
            n_pairs=n_pairs
        )
        if n_pairs > 1
        else ""
    )
    is_established = min(row.conf_low, row.difference) > 0 or max(row.conf_high, row.difference) < 0
    said = "" if is_established else gettext("; it is not established")
    difference = effect_in_units(
        study,
        with_interval(row.difference, row.conf_low, row.conf_high),
        outcome=row.outcome,
        exposure=study.exposure_of(row.scenario),
    )
    return StudyFinding(
        outcome=row.outcome,
        estimator=row.estimator,
        finding="group_difference",
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        text=(
            gettext("{estimator}, effect by {by}: {group} less {other} {difference}{said}.").format(
                estimator=study.estimator_label(row.estimator),
                by=study.label(row.by),
                group=row.group,
                other=row.other,
                difference=difference,
                said=said,
            )
        ),
        is_established=is_established,
        estimate=row.difference,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
        caveats=pairs,
    )
