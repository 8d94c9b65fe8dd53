"""What is said of treatments that start: averages, trends before the start, and forbidden comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.plugin import reporting as parts
from harness.plugin.findings import (
    SIGNIFICANT,
    UNTESTED,
    Estimate,
    FindingRow,
    HeadlineEffect,
    Hundredths,
    LevelEffect,
    Ratio,
    Rule,
    Screen,
    Sentence,
    Share,
    SourceNumbers,
    Word,
    finding,
    headline_finding,
)
from harness.plugin.reporting import marked
from harness_causal import tables

# Names of the methods.
METHODS: Mapping[str, str] = {
    "sun_abraham": marked("Sun & Abraham"),
    "imputation": marked("Imputation"),
    "callaway_santanna": marked("Callaway & Sant'Anna"),
    "synthetic": marked("Synthetic DiD"),
}


# What the average is of.
ON_THE_TREATED = marked("average effect on the treated")


@dataclass(frozen=True)
class DidAverage(Sentence):
    """The average effect over treated rows by one method."""

    method: Word
    estimate: Estimate


@dataclass(frozen=True)
class AverageByAll(Sentence):
    """That the average differs significantly from zero by every method."""


@dataclass(frozen=True)
class AverageBySome(Sentence):
    """By which methods the average differs significantly from zero."""

    methods: tuple[Word, ...]


@dataclass(frozen=True)
class AverageByNone(Sentence):
    """That the average differs significantly from zero by no method."""


@dataclass(frozen=True)
class TrendsByAll(Sentence):
    """That by every method there are effects before the start."""


@dataclass(frozen=True)
class TrendsBySome(Sentence):
    """By which methods there are effects before the start."""

    methods: tuple[Word, ...]


@dataclass(frozen=True)
class TrendsByNone(Sentence):
    """That by no method there are effects before the start."""


@dataclass(frozen=True)
class TrendPower(Sentence):
    """What trend before the start the test would have found, and what it does to the average."""

    least_trend: Ratio
    bias: Ratio


@dataclass(frozen=True)
class TrendBreakdown(Sentence):
    """How far trends may differ after the start, in changes before it, until the interval includes zero."""

    breakdown: Hundredths


@dataclass(frozen=True)
class ForbiddenComparisons(Sentence):
    """The two-way estimate, and the share of its weight on entities that were treated already."""

    estimate: Ratio
    share: Share
    mean: Ratio


CODES: Mapping[type[Sentence], str] = {
    DidAverage: marked("Average effect over treated rows by {method}: {estimate}."),
    AverageByAll: marked("By every method the average effect is significantly different from zero."),
    AverageBySome: marked(
        "The average effect is significantly different from zero by {methods}, not by the others."
    ),
    AverageByNone: marked("By no method is the average effect significantly different from zero."),
    TrendsByAll: marked(
        "By every method effects before the start differ significantly from zero (5% tests): "
        "trends may not be parallel."
    ),
    TrendsBySome: marked(
        "By {methods} effects before the start differ significantly from zero (5% test): "
        "trends may not be parallel."
    ),
    TrendsByNone: marked(
        "By no method do effects before the start differ significantly from zero (5% tests)."
    ),
    TrendPower: marked(
        "The test of effects before the start had an 80% chance of finding trends that part by {least_trend} "
        "a period (Roth 2022), which would move the average by {bias}."
    ),
    TrendBreakdown: marked(
        "The interval of the average includes zero if trends part after the start by {breakdown} times the "
        "largest change before it (Rambachan & Roth 2023)."
    ),
    ForbiddenComparisons: marked(
        "With two-way effects the coefficient, without controls, is {estimate}. {share} of its weight is on "
        "comparisons with entities that were treated already, whose mean is {mean}; where effects change "
        "over time, these are biased (Goodman-Bacon 2021)."
    ),
}


def did_findings(run: parts.Run, outcome: str) -> Iterator[FindingRow]:
    """Yield averages by method, how far methods agree on them and on trends before, and comparisons."""
    effects = [row for row in run.rows(tables.DID_EFFECTS, outcome=outcome) if row.effect != tables.EVENT]
    for scenario in dict.fromkeys(row.scenario for row in effects):
        averages = [row for row in effects if row.is_done and row.scenario == scenario]
        for row in averages:
            estimate = Estimate(row.estimate, row.conf_low, row.conf_high)
            yield finding(
                "did",
                DidAverage(METHODS[row.method], estimate),
                outcome=outcome,
                subject={"scenario": scenario, "exposure": row.exposure, "method": row.method},
                about=f"{scenario}: {row.method}",
                decision=row.decision,
                numbers=SourceNumbers(estimate, row.p_value),
            )
        if run.manifest.study.leads(scenario=scenario):
            first = next(row for row in effects if row.scenario == scenario)
            yield _headline(run, first)
            yield from _sensitivity(run, first)
        significant = [row for row in averages if row.decision in SIGNIFICANT]
        yield from _summary(
            (AverageByAll(), AverageBySome(_names(significant)), AverageByNone()),
            ("averages", outcome, scenario),
            n_significant=len(significant),
            n_methods=len(averages),
        )
        tests = [
            row
            for row in run.rows(tables.DID_TESTS, outcome=outcome, scenario=scenario)
            if row.decision != UNTESTED
        ]
        rejected = [row for row in tests if row.decision in SIGNIFICANT]
        yield from _summary(
            (TrendsByAll(), TrendsBySome(_names(rejected)), TrendsByNone()),
            ("trends", outcome, scenario),
            n_significant=len(rejected),
            n_methods=len(tests),
            screen="trust" if rejected and run.manifest.study.leads(scenario=scenario) else "none",
        )
        yield from _forbidden(run, outcome, scenario)


def _names(rows: Sequence[tables.DidRow]) -> tuple[str, ...]:
    return tuple(METHODS[row.method] for row in rows)


def _summary(
    sentences: tuple[Sentence, Sentence, Sentence],
    about: tuple[str, str, str],
    *,
    n_significant: int,
    n_methods: int,
    screen: Screen = "none",
) -> Iterator[FindingRow]:
    """Yield a sentence by whether something holds by all methods, by some, or by none; nothing of none."""
    by_all, by_some, by_none = sentences
    what, outcome, scenario = about
    if n_methods:
        some = by_some if n_significant else by_none
        sentence = by_all if n_significant == n_methods else some
        subject = {"scenario": scenario, "about": what}
        about_it = f"{scenario}: {what}"
        yield finding("did", sentence, outcome=outcome, subject=subject, about=about_it, screen=screen)


def _headline(run: parts.Run, row: tables.DidEffectRow) -> FindingRow:
    """Return the average effect by the first method, which is the headline."""
    slope = LevelEffect("", Estimate(row.estimate, row.conf_low, row.conf_high))
    numbers = row.decision, row.p_value, row.df, row.std_error, row.n_entities
    how = METHODS[row.method], True
    effect = HeadlineEffect(row.exposure, ON_THE_TREATED, (slope,), *numbers, *how, row.reason)
    subject = {"scenario": row.scenario, "method": row.method}
    return headline_finding(run.manifest.study, effect, outcome=row.outcome, subject=subject)


def _sensitivity(run: parts.Run, row: tables.DidEffectRow) -> Iterator[FindingRow]:
    """Yield what the test before the start could have found, and how far trends may part after it."""
    of = {name: getattr(row, name) for name in ("outcome", "scenario", "method")}
    sentences: list[Sentence] = [
        TrendBreakdown(bounds.breakdown)
        for bounds in run.rows(tables.DID_BOUNDS, **of)[:1]
        if 0.0 < bounds.breakdown < math.inf
    ]
    for test in run.rows(tables.DID_TESTS, **of):
        sentences += [TrendPower(test.least_trend, test.bias)] * math.isfinite(test.least_trend)
    for sentence in sentences:
        subject = {"scenario": row.scenario, "method": row.method, "about": sentence.code()}
        yield finding("sensitivity", sentence, outcome=row.outcome, subject=subject, screen="trust")


def _forbidden(run: parts.Run, outcome: str, scenario: str) -> Iterator[FindingRow]:
    """Yield what of the two-way estimate comes from comparisons with entities that were treated already."""
    rows = run.rows(tables.DID_COMPARISONS, outcome=outcome, scenario=scenario)
    weighed = [row for row in rows if row.is_done]
    forbidden = [row for row in weighed if row.comparison == tables.FORBIDDEN]
    share = sum(row.weight for row in forbidden)
    if forbidden:
        sentence = ForbiddenComparisons(
            estimate=sum(row.weight * row.estimate for row in weighed),
            share=share,
            mean=sum(row.weight * row.estimate for row in forbidden) / share,
        )
        subject = {"scenario": scenario, "about": "comparisons"}
        yield finding("did", sentence, outcome=outcome, subject=subject, about=f"{scenario}: comparisons")


DID_RULE = Rule("did", did_findings, tuple(table.name for table in tables.TABLES), CODES)
