"""Findings on groups and contrasts: what an effect is more in one group, an outcome at one value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from harness.findings.lines import SIMULTANEOUS
from harness.findings.run import Run
from harness.record.study import StudyRecord
from harness.tables.findings import FindingRow
from harness.tables.heterogeneity import (
    CONTRASTS,
    HETEROGENEITY,
    HETEROGENEITY_DIFFERENCES,
    ContrastRow,
    DifferenceRow,
)
from harness.text.numbers import in_unit, plain
from harness.text.sentences import Sentence, finding


def contrast_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every contrast of every question.

    It is established where its simultaneous interval, which allows for all of the question, excludes zero, to
    the side on which the contrast itself is.
    """
    rows = [
        row
        for row in run.rows(CONTRASTS)
        if row.is_done and row.outcome == outcome and row.band == SIMULTANEOUS
    ]
    for _, same in groupby(rows, key=lambda row: (row.scenario, row.estimator)):
        own = tuple(same)
        for row in own:
            yield _contrast(run.manifest.study, row, n_contrasts=len(own))


def value_in_words(levels: Sequence[str], value: str) -> str:
    """Return a value of the exposure as tables have it in words: a level, or a number."""
    return value if levels else plain(float(value))


def _contrast(study: StudyRecord, row: ContrastRow, *, n_contrasts: int) -> FindingRow:
    estimate = row.estimate, row.conf_low, row.conf_high
    is_established = _is_apart(*estimate)
    high, low = (value_in_words(study.levels, value) for value in (row.exposure_to, row.exposure_from))
    where = _where(study, row)
    parameters = {
        "high": high,
        "low": low,
        "where": where,
        "estimate": estimate,
        "is_established": is_established,
    }
    return finding(
        "contrast",
        Sentence("contrast", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}{where and f', {where}'}: {high} rather than {low}",
        is_established=is_established,
        estimate=estimate,
        against=[Sentence("one_of_contrasts", {"n_contrasts": n_contrasts})] * (n_contrasts > 1),
    )


def _where(study: StudyRecord, row: ContrastRow) -> str:
    """Return which rows a contrast is over, or at which moderator value; empty for all rows as they are."""
    if row.by:
        return f"{study.label(row.by)} {row.group}"
    if not row.moderator:
        return ""
    return f"{study.label(row.moderator)} {in_unit(plain(row.moderator_at), study.unit(row.moderator))}"


def _is_apart(estimate: float, low: float, high: float) -> bool:
    """Return whether an interval excludes zero, to the side on which the number itself is."""
    return min(low, estimate) > 0.0 or max(high, estimate) < 0.0


def group_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the difference of effects between every pair of groups; one sentence where there can be none.

    It is established where its interval excludes zero, to the side on which the difference itself is. Levels
    are no findings: the level of a group is the curve, which is averaged over all rows, at the exposures of
    the group, and no mean of the group.
    """
    partitions = dict.fromkeys((row.scenario, row.by) for row in run.rows(HETEROGENEITY))
    for partition in partitions:
        for entry in run.manifest.study.estimators:
            key = (*partition, outcome, entry.id, "pooled", "effect")
            rows = [
                row
                for row in run.rows(HETEROGENEITY_DIFFERENCES)
                if row.is_done
                and (row.scenario, row.by, row.outcome, row.estimator, row.mode, row.measure) == key
            ]
            if rows and not any((row.difference, row.conf_low, row.conf_high) != (0, 0, 0) for row in rows):
                # Its form has no other: an estimator has the same effect in all groups, in every draw.
                yield finding(
                    "group_difference",
                    Sentence("one_effect", {"by": partition[1]}),
                    outcome=outcome,
                    estimator=entry.id,
                    about=f"{partition[0]}, {partition[1]}",
                    is_established=False,
                    estimate=(0.0, 0.0, 0.0),
                )
                continue
            for row in rows:
                yield _difference(row, n_pairs=len(rows))


def _difference(row: DifferenceRow, *, n_pairs: int) -> FindingRow:
    difference = row.difference, row.conf_low, row.conf_high
    is_established = _is_apart(*difference)
    parameters = {
        "scenario": row.scenario,
        "by": row.by,
        "group": row.group,
        "other": row.other,
        "difference": difference,
        "is_established": is_established,
    }
    return finding(
        "group_difference",
        Sentence("group_difference", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        is_established=is_established,
        estimate=difference,
        against=[Sentence("one_of_pairs", {"n_pairs": n_pairs})] * (n_pairs > 1),
    )
