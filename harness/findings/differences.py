"""Findings on differences of effects: contrasts of values of the exposure, and differences between groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from harness.findings.debiased import holm
from harness.findings.lines import SIMULTANEOUS
from harness.findings.run import Run
from harness.record.manifest import StudyRecord
from harness.tables.findings import FindingRow
from harness.tables.gain import size_of
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

    It is significant where its simultaneous interval, which allows for all of the question, excludes zero, to
    the side on which the contrast itself is.
    """
    done = [row for row in run.rows(CONTRASTS) if row.is_done and row.outcome == outcome]
    rows = [row for row in done if row.band == SIMULTANEOUS]
    for _, same in groupby(rows, key=lambda row: (row.scenario, row.estimator)):
        own = tuple(same)
        for row in own:
            yield _contrast(run.manifest.study, row, n_contrasts=len(own))


def value_in_words(levels: Sequence[str], value: str) -> str:
    """Return a value of the exposure as tables have it in words: a level, or a number."""
    return value if levels else plain(float(value))


def _contrast(study: StudyRecord, row: ContrastRow, *, n_contrasts: int) -> FindingRow:
    estimate, where = (row.estimate, row.conf_low, row.conf_high), _where(study, row)
    is_established = _is_apart(*estimate)
    high, low = (value_in_words(study.levels, value) for value in (row.exposure_to, row.exposure_from))
    parameters: dict[str, Any] = {"high": high, "low": low, "where": where, "estimate": estimate}
    parameters |= {"is_established": is_established}
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

    It is significant where its interval excludes zero, to the side on which the difference itself is, and
    its p-value is below one less the level, adjusted for all pairs and estimators of the question (Holm
    1979). Levels are no findings: the level of a group is the curve, which is averaged over all rows, at the
    exposures of the group, and no mean of the group.
    """
    for scenario, by in dict.fromkeys((row.scenario, row.by) for row in run.rows(HETEROGENEITY)):
        key = (scenario, by, outcome, "pooled", "effect")
        rows = [
            row
            for row in run.rows(HETEROGENEITY_DIFFERENCES)
            if row.is_done and (row.scenario, row.by, row.outcome, row.mode, row.measure) == key
        ]
        pairs = list(zip(rows, holm(row.p_value for row in rows), strict=True))
        for entry in run.manifest.study.estimators:
            own = [(row, p_value) for row, p_value in pairs if row.estimator == entry.id]
            if own and not any((row.difference, row.conf_low, row.conf_high) != (0, 0, 0) for row, _ in own):
                # Its form has no other: an estimator has the same effect in all groups, in every draw.
                yield finding(
                    "group_difference",
                    Sentence("one_effect", {"by": by}),
                    outcome=outcome,
                    estimator=entry.id,
                    about=f"{scenario}, {by}",
                    is_established=False,
                    estimate=(0.0, 0.0, 0.0),
                )
                continue
            for row, p_value in own:
                yield _difference(run.manifest.study, row, p_value, n_pairs=len(pairs))


def _difference(study: StudyRecord, row: DifferenceRow, p_value: float, *, n_pairs: int) -> FindingRow:
    difference = row.difference, row.conf_low, row.conf_high
    is_established = _is_apart(*difference) and p_value < size_of(study.level)
    parameters = {name: getattr(row, name) for name in ("scenario", "by", "group", "other")}
    parameters |= {"difference": difference, "p_value": p_value, "is_established": is_established}
    return finding(
        "group_difference",
        Sentence("group_difference", parameters),
        outcome=row.outcome,
        estimator=row.estimator,
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        is_established=is_established,
        estimate=difference,
        p_value=row.p_value,
        p_adjusted=p_value,
        against=[Sentence("one_of_pairs", {"n_pairs": n_pairs})] * (n_pairs > 1),
    )
