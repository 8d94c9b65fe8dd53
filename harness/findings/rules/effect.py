"""Findings on debiased effects: the first one, all others, and what stands against them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.findings.finding import Blocking, SourceNumbers, few_entities, finding
from harness.findings.lines import effects_on, errors_named, first_effect, stretches, true_rows
from harness.findings.run import Run
from harness.findings.sentence import (
    Estimate,
    EstimatorId,
    PValue,
    Reason,
    Sentence,
    Share,
    Statistic,
    Stretches,
    VariableId,
    Word,
)
from harness.record.decisions import Effect, clearness, p_value_of
from harness.record.manifest import StudyRecord
from harness.scenarios.effect.cell import ENTITIES_OF_LEARNERS
from harness.scenarios.effect.scenario import TRUE_SLOPES
from harness.tables.decision import NEGLIGIBLE, OPEN, SIGNIFICANT, UNTESTED, Decision, family_size, size_of
from harness.tables.effects import SLOPES, EffectRow
from harness.tables.findings import FindingRow, is_of_outcomes
from harness.tables.table import NAN

# Below this share of the exposure's variation given the controls the report warns of little variation.
LITTLE_RESIDUAL_SHARE = 0.05


# Below this first-stage F the report warns of weak instruments (Staiger and Stock 1997).
WEAK = 10.0


@dataclass(frozen=True)
class LevelEffect:
    """A slope, or the contrast of a level of a categorical exposure with the base, and its decision."""

    level: str
    estimate: Estimate
    decision: Decision = UNTESTED


@dataclass(frozen=True)
class DebiasedEffect(Sentence):
    """A debiased effect with its interval.

    Attributes
    ----------
    estimate : of a line the clearest, at `at`
    is_significant : whether interval and adjusted p-value say so
    p_adjusted, n_family : the p-value adjusted for its family, and for how many effects
    is_primary : whether the family is the study's outcomes, else its secondary effects
    is_line : whether it has several points
    above, below : where an established line is above and below zero, a curve its mean
    levels : of a categorical exposure
    negligible : size up to which a slope counts as none, where the whole interval lies within it
    least_detectable : of an effect that is not significant, what the test finds with a chance of four in five
    errors : what a test found that they allow for, see `errors_named`
    """

    exposure: VariableId
    method: Word
    learner: EstimatorId
    form: Word
    estimate: Estimate
    is_significant: bool
    p_adjusted: PValue = NAN
    n_family: int = 1
    is_primary: bool = False
    group: str = ""
    moderator: VariableId = ""
    at: float = NAN
    is_line: bool = False
    above: Stretches = ()
    below: Stretches = ()
    levels: tuple[LevelEffect, ...] = ()
    negligible: float = NAN
    least_detectable: float = NAN
    errors: Word = ""


@dataclass(frozen=True)
class NoEffect(Sentence):
    """That an effect could not be estimated."""

    reason: Reason


@dataclass(frozen=True)
class Assumption(Sentence):
    """What an effect assumes."""

    text: Reason


@dataclass(frozen=True)
class LooksInteracting(Sentence):
    """That a nonlinear effect looks like an interaction."""


@dataclass(frozen=True)
class OneMethod(Sentence):
    """That nothing tests the assumption of the only method."""


@dataclass(frozen=True)
class TruthOutside(Sentence):
    """A true effect that an interval does not hold, a slope of the exposure."""

    truth: float
    exposure: VariableId = ""


@dataclass(frozen=True)
class MethodsDiffer(Blocking):
    """That both methods give different effects, by the test of their difference."""

    p_value: PValue


@dataclass(frozen=True)
class LearnersDiffer(Blocking):
    """That the effect differs from that by the first learner, by the test of their difference."""

    p_value: PValue


@dataclass(frozen=True)
class ExploratoryCurve(Blocking):
    """That bands of such curves did not hold their level in simulations."""


@dataclass(frozen=True)
class ExploratoryLearner(Blocking):
    """That intervals by such learners did not hold their level in simulations with fewer entities."""

    least: int


@dataclass(frozen=True)
class LittleResidualVariation(Blocking):
    """Which small share of the exposure's variation remains given the controls."""

    residual_share: Share


@dataclass(frozen=True)
class WeakInstruments(Blocking):
    """That instruments are weak, by the F statistic of the first stage."""

    first_stage_f: Statistic


def debiased_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the effect that comes first, whatever it says, then every other debiased effect.

    One is established where its decision is above or below zero and nothing blocks, see `_blocking`.
    """
    first = first_effect(run, outcome)
    if first:
        yield _debiased(run, first, is_first=True)
    for rows in effects_on(run, outcome):
        if rows is not first and rows[0].is_done:
            yield _debiased(run, rows, is_first=False)


SUBJECT = ("scenario", "exposure", "method", "form", "learner", "group", "moderator")


def _debiased(run: Run, rows: Effect, *, is_first: bool) -> FindingRow:
    """Return the finding on one effect."""
    first = rows[0]
    kind = "interaction" if first.form == "interaction" else "effect"
    about = [f"{first.scenario}: {first.form}", first.method, first.learner, first.moderator, first.group]
    is_significant, blocking = first.decision in SIGNIFICANT, tuple(_blocking(run, first))
    clearest, truths = max(rows, key=clearness), true_slopes(run, first)
    outside = [
        TruthOutside(one, first.exposure) for one in truths if not first.conf_low <= one <= first.conf_high
    ]
    least = _least_detectable(run.manifest.study, rows)
    sentence = (
        _sentence(run, rows, clearest, is_established=is_significant and not blocking)
        if first.is_done
        else NoEffect(first.reason)
    )
    against = (
        *[Assumption(first.assumption)] * bool(first.assumption),
        *[LooksInteracting()] * (kind == "interaction" and is_significant),
        *[OneMethod()] * (first.method != "instrumented" and math.isnan(first.p_methods)),
        *blocking,
        *outside,
    )
    return finding(
        "interaction" if kind == "interaction" else "effect",
        sentence,
        outcome=first.outcome,
        subject={name: getattr(first, name) for name in SUBJECT},
        about=", ".join(filter(None, about)),
        decision=first.decision if first.is_done else UNTESTED,
        numbers=SourceNumbers(_estimate(clearest), p_value_of(rows), first.p_adjusted, first.df, least)
        if first.is_done
        else SourceNumbers(),
        family=first.family,
        screen="effect" if is_first else "none",
        caveats=against if first.is_done else (),
    )


def _sentence(run: Run, rows: Effect, clearest: EffectRow, *, is_established: bool) -> DebiasedEffect:
    """Return what is said of one effect."""
    first, study = rows[0], run.manifest.study
    is_significant = first.decision in SIGNIFICANT
    negligible, least = (NAN, NAN) if is_significant else _undecided(study, rows)
    is_levels = clearest.form == "contrast" and bool(study.level_at(clearest.exposure, clearest.at))
    is_line = len(rows) > 1 and not is_levels
    points = np.array([row.at for row in rows])
    above, below = (np.array(side) & is_established for side in zip(*map(_signs, rows), strict=True))
    levels = (
        LevelEffect(
            study.level_at(row.exposure, row.at), _estimate(row), first.decision if any(_signs(row)) else OPEN
        )
        for row in rows
    )
    return DebiasedEffect(
        exposure=first.exposure,
        method=first.method,
        learner=first.learner,
        form=first.form,
        estimate=_estimate(clearest),
        is_significant=is_significant,
        p_adjusted=first.p_adjusted,
        n_family=family_size(first.family),
        is_primary=is_of_outcomes(first.family),
        group=first.group,
        moderator=first.moderator,
        at=NAN if is_levels else clearest.at,
        is_line=is_line,
        above=stretches(points, above) if is_line else (),
        below=stretches(points, below) if is_line else (),
        levels=tuple(levels) if is_levels else (),
        negligible=negligible,
        least_detectable=least,
        errors=errors_named(first.p_common_shocks),
    )


def _least_detectable(study: StudyRecord, rows: Effect) -> float:
    """Return the least size that the adjusted test of a number finds with a chance of four in five."""
    from harness.evaluation.gain import least_detectable

    row, size = rows[0], size_of(study.level)
    is_number = row.is_done and len(rows) == 1 and row.df > 0
    return (
        least_detectable(row.std_error, row.df, size=size, n_tests=family_size(row.family))
        if is_number
        else NAN
    )


def _undecided(study: StudyRecord, rows: Effect) -> tuple[float, float]:
    """Return the size within which a slope is negligible, or the least size that could be detected."""
    row = rows[0]
    if row.decision == NEGLIGIBLE:
        return study.negligible[row.scenario], NAN
    return NAN, _least_detectable(study, rows)


def _estimate(row: EffectRow) -> Estimate:
    return Estimate(row.estimate, row.conf_low, row.conf_high)


def _signs(row: EffectRow) -> tuple[bool, bool]:
    return row.conf_low > 0.0, row.conf_high < 0.0


def true_slopes(run: Run, row: EffectRow) -> list[float]:
    """Return the true numbers that a slope estimates, weighted as its rows are (`TRUE_SLOPES`).

    None where they are not known, and of the slope of some rows.
    """
    if row.form not in SLOPES or row.group or row.moderator or not row.is_done:
        return []
    rows = true_rows(run, row.outcome, row.scenario, TRUE_SLOPES[row.form])
    return [one.truth for one in rows if one.group in ("", row.method)]


def _blocking(run: Run, row: EffectRow) -> Iterator[Blocking]:
    """Yield what keeps an effect from being established."""
    size = size_of(run.manifest.study.level)
    if row.p_methods < size:
        yield MethodsDiffer(row.p_methods)
    if row.p_learners < size:
        yield LearnersDiffer(row.p_learners)
    if row.is_exploratory:
        yield ExploratoryCurve() if row.form == "curve" else ExploratoryLearner(ENTITIES_OF_LEARNERS)
    yield from few_entities(row.n_entities)
    yield from little_to_rest_on(row)


def little_to_rest_on(row: EffectRow) -> Iterator[Blocking]:
    """Yield that the exposure has little variation left, or that its instruments are weak."""
    if row.residual_share < LITTLE_RESIDUAL_SHARE:
        yield LittleResidualVariation(row.residual_share)
    if row.first_stage_f < WEAK:
        yield WeakInstruments(row.first_stage_f)


def weak_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield what leaves the first debiased effect little to rest on."""
    for row in first_effect(run, outcome)[:1]:
        for sentence in little_to_rest_on(row):
            subject = {"about": sentence.code()}
            yield finding("caution", sentence, outcome=outcome, subject=subject, screen="caution")
