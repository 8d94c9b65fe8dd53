"""Findings on contrasts between values of the exposure, and on differences between groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from harness.findings import lines
from harness.findings.finding import SourceNumbers, finding
from harness.findings.run import Run
from harness.findings.sentence import Estimate, PValue, Sentence, VariableId
from harness.tables import heterogeneity
from harness.tables.decision import OPEN, SIGNIFICANT
from harness.tables.findings import FindingRow
from harness.tables.table import NAN, grouped


@dataclass(frozen=True)
class Contrast(Sentence):
    """What one value of the exposure rather than another changes.

    Attributes
    ----------
    exposure_to, exposure_from : both values, as the table has them
    by, group : which rows it is over; empty for all
    moderator, moderator_at : the value of a moderator that it is at; empty for all rows as they are
    """

    exposure_to: str
    exposure_from: str
    estimate: Estimate
    is_significant: bool
    by: VariableId = ""
    group: str = ""
    moderator: VariableId = ""
    moderator_at: float = NAN


@dataclass(frozen=True)
class OneOfContrasts(Sentence):
    """Among how many contrasts one is."""

    n_contrasts: int


@dataclass(frozen=True)
class GroupDifference(Sentence):
    """What the effect in one group is more than in another; the p-value is adjusted."""

    scenario: str
    by: VariableId
    group: str
    other: str
    difference: Estimate
    is_significant: bool
    p_value: PValue = NAN


@dataclass(frozen=True)
class OneEffect(Sentence):
    """That a model has the same effect in all groups by construction."""

    by: VariableId


@dataclass(frozen=True)
class OneOfPairs(Sentence):
    """Among how many differences between groups one is."""

    n_pairs: int


def contrast_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every contrast of every question.

    It is significant where its simultaneous interval, which allows for all of the question, excludes zero, to
    the side on which the contrast itself is.
    """
    done = [row for row in run.rows(heterogeneity.CONTRASTS, outcome=outcome) if row.is_done]
    rows = [row for row in done if row.band == lines.SIMULTANEOUS]
    for same in grouped(rows, "scenario", "estimator").values():
        times: Counter[tuple[str, ...]] = Counter()
        for row in same:
            subset = row.by, row.group, row.moderator
            yield _contrast(row, n_contrasts=len(same), ordinal=times[subset])
            times[subset] += 1


def _contrast(row: heterogeneity.ContrastRow, *, n_contrasts: int, ordinal: int) -> FindingRow:
    estimate = Estimate(row.estimate, row.conf_low, row.conf_high)
    subject = {name: getattr(row, name) for name in ("scenario", "estimator", "by", "group", "moderator")}
    sentence = Contrast(
        exposure_to=row.exposure_to,
        exposure_from=row.exposure_from,
        estimate=estimate,
        is_significant=row.decision in SIGNIFICANT,
        by=row.by,
        group=row.group,
        moderator=row.moderator,
        moderator_at=row.moderator_at,
    )
    over = ", ".join(filter(None, (row.scenario, row.by, row.group, row.moderator)))
    return finding(
        "contrast",
        sentence,
        outcome=row.outcome,
        subject=subject | {"ordinal": str(ordinal)},
        about=f"{over}: {row.exposure_to} rather than {row.exposure_from}",
        estimator=row.estimator,
        decision=row.decision,
        numbers=SourceNumbers(estimate),
        caveats=[OneOfContrasts(n_contrasts)] * (n_contrasts > 1),
    )


def group_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the difference of effects between every pair of groups; one sentence where there can be none.

    It is significant where its interval excludes zero, to the side on which the difference itself is, and
    its p-value is below one less the level, adjusted for all pairs and estimators of the question (Holm
    1979). Levels are no findings: the level of a group is the curve, which is averaged over all rows, at the
    exposures of the group, and no mean of the group.
    """
    for scenario, by in dict.fromkeys(
        (row.scenario, row.by) for row in run.rows(heterogeneity.HETEROGENEITY)
    ):
        of = {"scenario": scenario, "by": by, "outcome": outcome, "mode": "pooled", "measure": "effect"}
        pairs = [row for row in run.rows(heterogeneity.HETEROGENEITY_DIFFERENCES, **of) if row.is_done]
        for entry in run.manifest.study.estimators:
            subset = [row for row in pairs if row.estimator == entry.id]
            if subset and not any(
                (row.difference, row.conf_low, row.conf_high) != (0, 0, 0) for row in subset
            ):
                # Its form has no other: an estimator has the same effect in all groups, in every draw.
                yield finding(
                    "group_difference",
                    OneEffect(by),
                    outcome=outcome,
                    subject={"scenario": scenario, "by": by, "estimator": entry.id},
                    about=f"{scenario}, {by}",
                    estimator=entry.id,
                    decision=OPEN,
                    numbers=SourceNumbers(Estimate(0.0, 0.0, 0.0)),
                )
                continue
            for row in subset:
                yield _difference(row, n_pairs=len(pairs))


def _difference(row: heterogeneity.DifferenceRow, *, n_pairs: int) -> FindingRow:
    difference = Estimate(row.difference, row.conf_low, row.conf_high)
    sentence = GroupDifference(
        scenario=row.scenario,
        by=row.by,
        group=row.group,
        other=row.other,
        difference=difference,
        is_significant=row.decision in SIGNIFICANT,
        p_value=row.p_adjusted,
    )
    return finding(
        "group_difference",
        sentence,
        outcome=row.outcome,
        subject={name: getattr(row, name) for name in ("scenario", "by", "group", "other", "estimator")},
        about=f"{row.scenario}, {row.by}: {row.group} less {row.other}",
        estimator=row.estimator,
        decision=row.decision,
        numbers=SourceNumbers(difference, row.p_value, row.p_adjusted),
        caveats=[OneOfPairs(n_pairs)] * (n_pairs > 1),
    )
