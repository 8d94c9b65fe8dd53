"""Findings on for whom the effect differs: groups and moderators, all estimators together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from harness.findings import lines
from harness.findings.finding import SourceNumbers, finding
from harness.findings.rules.moderator import p_of_both
from harness.findings.run import Run
from harness.findings.sentence import NO_ESTIMATE, Count, Estimate, PValue, Sentence, VariableId
from harness.record.decisions import holm
from harness.tables.decision import SIGNIFICANT, Decision, decide, family_name, size_of
from harness.tables.findings import FindingRow
from harness.tables.heterogeneity import HETEROGENEITY_DIFFERENCES, DifferenceRow
from harness.tables.table import NAN


@dataclass(frozen=True)
class ForWhom(Sentence):
    """For whom the effect differs, by all estimators in which it can.

    Attributes
    ----------
    n_differences, n_significant : between groups, of all estimators; adjusted for these alone
    n_estimators : that have them; without any, that have effects along moderators
    n_along, n_changing : effects along moderators, and those of them that change their sign (Holm 1979)
    by, group, other, difference : the clearest difference, of `scenario`
    p_adjusted, n_family : adjusted for all pairs and estimators of its question, for all questions, and for
        so much that is said of the exposure
    """

    n_differences: Count
    n_estimators: Count
    n_changing: Count = 0
    n_along: Count = 0
    n_significant: Count = 0
    is_significant: bool = False
    scenario: str = ""
    by: VariableId = ""
    group: str = ""
    other: str = ""
    difference: Estimate = NO_ESTIMATE
    p_adjusted: PValue = NAN
    n_family: int = 1


def for_whom_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the clearest difference between groups, by whichever estimator, and how many effects change sign.

    It is significant where its interval excludes zero, and its p-value is below one less the level, adjusted
    for all pairs and estimators of its question (Holm 1979), times the number of questions (Bonferroni). Of
    an estimator with one effect for all groups, or along a moderator, nothing is counted.
    """
    of_effects = {"outcome": outcome, "mode": "pooled", "measure": "effect"}
    rows = run.rows(HETEROGENEITY_DIFFERENCES, **of_effects)
    pairs = [row for row in rows if row.is_done and math.isfinite(row.p_adjusted)]
    along = [
        one
        for one in run.view(lines.conditional_effects)
        if one.key.outcome == outcome and not np.allclose(one.estimate, one.estimate[0])
    ]
    size = size_of(run.manifest.study.level)
    p_values = holm(1.0 if math.isnan(p_value := p_of_both(one)) else p_value for one in along)
    sentence = ForWhom(
        n_differences=len(pairs),
        n_estimators=len({row.estimator for row in pairs} or {one.key.estimator for one in along}),
        n_changing=sum(p_value < size for p_value in p_values),
        n_along=len(along),
    )
    if not pairs:
        if along:
            yield finding("for_whom", sentence, outcome=outcome, subject={}, screen="effect")
        return
    n_questions = len({(row.scenario, row.by) for row in pairs})
    decided = [(row, *_together(row, n_questions, size=size)) for row in pairs]
    n_significant = sum(decision in SIGNIFICANT for *_, decision in decided)
    row, p_value, decision = min(decided, key=_clearest_first)
    difference = Estimate(row.difference, row.conf_low, row.conf_high)
    yield finding(
        "for_whom",
        replace(
            sentence,
            is_significant=decision in SIGNIFICANT,
            scenario=row.scenario,
            by=row.by,
            group=row.group,
            other=row.other,
            difference=difference,
            p_adjusted=p_value,
            n_significant=n_significant,
        ),
        outcome=outcome,
        subject={},
        estimator=row.estimator,
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        decision=decision,
        numbers=SourceNumbers(difference, row.p_value, p_value),
        family=family_name("differences", len(pairs)),
        screen="effect",
    )


def _clearest_first(one: tuple[DifferenceRow, float, Decision]) -> tuple[bool, float, bool, float]:
    """Return what differences are ordered by; p-values of draws are often equal, the least there can be."""
    row, p_value, decision = one
    is_outside, width = not row.conf_low <= row.difference <= row.conf_high, row.conf_high - row.conf_low
    clear = abs(row.difference) / width if width > 0.0 else math.inf
    return decision not in SIGNIFICANT, p_value, is_outside, -clear


def _together(row: DifferenceRow, n_questions: int, *, size: float) -> tuple[float, Decision]:
    """Return the p-value of a difference for all questions together, and what it says."""
    p_value = min(1.0, n_questions * row.p_adjusted)
    return p_value, decide(row.difference, row.conf_low, row.conf_high, p_value, by="both", size=size)
