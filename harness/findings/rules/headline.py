"""The headline effect of estimators and scenarios, called by what it is of, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.findings.finding import ENTITIES_FOR_INTERVALS, Blocking, SourceNumbers, few_entities, finding
from harness.findings.lines import errors_named, first_effect
from harness.findings.rules.effect import WEAK, LevelEffect, WeakInstruments
from harness.findings.rules.mediation import leading_paths
from harness.findings.rules.within import clearest_of, coefficient_rows, log_rows, slopes_of, within_slopes
from harness.findings.run import Run
from harness.findings.sentence import (
    Count,
    Estimate,
    PValue,
    Reason,
    Sentence,
    Statistic,
    Stretches,
    VariableId,
    Word,
)
from harness.language import marked
from harness.record.manifest import StudyRecord
from harness.tables.coefficients import COEFFICIENTS, STATISTICS, CoefficientRow
from harness.tables.decision import SIGNIFICANT, UNTESTED, Decision, size_of
from harness.tables.findings import FindingRow
from harness.tables.table import NAN

# What the effect of an estimator is of, by what it identifies.
ESTIMANDS: Mapping[str, str] = {
    "instruments": marked("local effect"),
    "dynamics": marked("effect within the period"),
    "spatial_impacts": marked("direct impact"),
    "within": marked("effect within entities"),
    "pooled": marked("pooled slope"),
}

TOTAL_EFFECT = marked("total effect")

# Why an estimator with coefficients has none of the exposure alone.
NO_COEFFICIENT = marked("the exposure has no coefficient of its own")


@dataclass(frozen=True)
class IdentifiedEffect(Sentence):
    """The effect that is the headline.

    Attributes
    ----------
    estimand : what it is of
    slopes : a slope, or the contrast of each level
    how : it is estimated; empty for the label of its estimator
    is_treatment : whether the exposure is a treatment, which has no units
    p_adjusted, n_family : its p-value adjusted over so many outcomes
    least_detectable : of an effect that is not significant, what its test finds with a chance of four in five
    errors : what a test found that they allow for
    is_of_log : whether slopes are of the logarithm of the outcome's mean
    """

    exposure: VariableId
    estimand: Word
    slopes: tuple[LevelEffect, ...]
    is_significant: bool
    how: Word = ""
    is_treatment: bool = False
    least_detectable: float = NAN
    p_adjusted: PValue = NAN
    n_family: int = 1
    errors: Word = ""
    is_of_log: bool = False


@dataclass(frozen=True)
class NoIdentifiedEffect(Sentence):
    """Why the headline effect has no number."""

    estimand: Word
    reason: Reason
    how: Word = ""


@dataclass(frozen=True)
class FewClusters(Blocking):
    """That errors of the headline are clustered by few clusters."""

    n_clusters: Count
    least: int


@dataclass(frozen=True)
class AndersonRubinSet(Sentence):
    """The slopes that a test does not reject which holds for weak instruments."""

    stretches: Stretches


@dataclass(frozen=True)
class InstrumentStrength(Sentence):
    """The F of the first stage, what the effective one has to be above, and the same set of slopes."""

    partial_f: Statistic
    effective_f: Statistic
    critical_f: Statistic
    stretches: Stretches

    @property
    def are_weak(self) -> bool:
        """Whether either F is too small."""
        return self.partial_f < WEAK or self.effective_f < self.critical_f


@dataclass(frozen=True)
class HeadlineEffect:
    """An effect that is the headline, or one of its parts, as its table has it.

    Attributes
    ----------
    estimand, how : as in `IdentifiedEffect`
    slopes : a slope, or the contrast of each level; without a number, or none, where there is a reason
    clearest : of these, which numbers and decision are of
    decision : on it
    p_value, df, std_error : of a slope
    n_entities : that it rests on
    errors, is_of_log : as in `IdentifiedEffect`
    reason : why there is no number
    """

    exposure: str
    estimand: str
    slopes: tuple[LevelEffect, ...] = ()
    decision: Decision = UNTESTED
    p_value: float = NAN
    df: float = NAN
    std_error: float = NAN
    n_entities: int | None = None
    how: str = ""
    is_treatment: bool = False
    errors: str = ""
    reason: str = ""
    clearest: int = 0
    is_of_log: bool = False

    @property
    def has_number(self) -> bool:
        """Whether there is an effect."""
        return bool(self.slopes) and math.isfinite(self.slopes[0].estimate.value)

    def least_detectable(self, study: StudyRecord) -> float:
        """Return the least size that the adjusted test of a slope finds with a chance of four in five."""
        from harness.evaluation.gain import least_detectable

        if len(self.slopes) != 1 or not self.df > 0.0:
            return NAN
        n_tests = len(study.outcomes)
        return least_detectable(self.std_error, self.df, size=size_of(study.level), n_tests=n_tests)


def headline_finding(
    study: StudyRecord,
    effect: HeadlineEffect,
    *,
    outcome: str,
    subject: Mapping[str, str],
    estimator: str = "",
    caveats: Sequence[Sentence] = (),
) -> FindingRow:
    """Return the finding on the headline effect of an outcome.

    Parameters
    ----------
    subject : ids of what it is of
    estimator : that it is of; empty where a scenario has it
    caveats : what stands against it, next to few entities
    """
    least = effect.least_detectable(study)
    sentence: Sentence = NoIdentifiedEffect(effect.estimand, effect.reason, effect.how)
    numbers, against = SourceNumbers(), tuple[Sentence, ...]()
    if effect.has_number:
        is_significant = effect.decision in SIGNIFICANT
        shown = effect.estimand, effect.slopes, is_significant, effect.how, effect.is_treatment
        sentence = IdentifiedEffect(
            effect.exposure,
            *shown,
            NAN if is_significant else least,
            errors=effect.errors,
            is_of_log=effect.is_of_log,
        )
        numbers = SourceNumbers(
            effect.slopes[effect.clearest].estimate, effect.p_value, df=effect.df, least_detectable=least
        )
        against = (*few_entities(effect.n_entities), *caveats)
    return finding(
        "headline",
        sentence,
        outcome=outcome,
        subject=subject,
        about=effect.estimand,
        estimator=estimator,
        decision=effect.decision,
        numbers=numbers,
        screen="effect",
        caveats=against,
    )


def headline_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the headline effect where it is an estimator's coefficient, and few clusters or weak instruments.

    Debiased effects and undeclared ones within entities have rules of their own, as have impacts: here is why
    there are none. A pooled slope is the headline only of a study without them.
    """
    study = run.manifest.study
    for first in study.headline[:1]:
        if first.identifies == "mediation":
            yield from _total(run, outcome, first.scenario)
        is_own = first.is_declared or first.identifies not in ("within", "pooled")
        if not first.estimator or first.identifies not in ESTIMANDS:
            continue
        if first.identifies == "spatial_impacts" and coefficients_of(run, outcome, first.estimator):
            continue
        has_other = first_effect(run, outcome) or within_slopes(run, outcome, study.exposure)
        if is_own or not has_other:
            yield from _of_estimator(run, outcome, first.estimator, ESTIMANDS[first.identifies])


def _total(run: Run, outcome: str, scenario: str) -> Iterator[FindingRow]:
    """Yield the total effect that mediators are asked for, by the first method and learner."""
    for row in leading_paths(run, outcome, scenario)[:1]:
        slope = LevelEffect("", Estimate(row.estimate, row.conf_low, row.conf_high))
        numbers = row.decision, row.p_value, NAN, row.std_error, row.n_entities
        how = row.method.replace("_", " ")
        effect = HeadlineEffect(row.exposure, TOTAL_EFFECT, (slope,), *numbers, how, reason=row.reason)
        yield headline_finding(run.manifest.study, effect, outcome=outcome, subject={"scenario": scenario})


def coefficients_of(run: Run, outcome: str, estimator: str) -> list[CoefficientRow]:
    """Return the coefficients of an estimator that are numbers."""
    rows = run.rows(COEFFICIENTS, outcome=outcome, estimator=estimator)
    return [row for row in rows if row.is_done]


def _of_estimator(run: Run, outcome: str, estimator: str, estimand: str) -> Iterator[FindingRow]:
    study = run.manifest.study
    entry = next(one for one in study.estimators if one.id == estimator)
    exposure = str(entry.options.get("exposure", study.exposure))
    rows = run.rows(COEFFICIENTS, outcome=outcome, estimator=estimator)
    terms = coefficient_rows(run, outcome, exposure, estimator)
    of_log = [] if terms else log_rows(run, outcome, exposure, estimator)
    slopes = slopes_of(study, terms := terms or of_log)
    reasons = (row.reason for row in rows if not row.is_done)
    effect = HeadlineEffect(exposure, estimand, reason=next(reasons, NO_COEFFICIENT))
    caveats: list[Sentence] = []
    if slopes:
        clearest, p_value = clearest_of(terms)
        row = terms[clearest]
        effect = HeadlineEffect(
            exposure,
            estimand,
            slopes,
            slopes[clearest].decision,
            p_value,
            row.df_resid,
            row.std_error,
            run.manifest.data.n_entities,
            errors=errors_named(row.p_common_shocks),
            clearest=clearest,
            is_of_log=bool(of_log),
        )
        caveats += _few_clusters(run, row)
    subject = {"estimator": estimator}
    strengths = [*_of_instruments(run, outcome, estimator)] if slopes else []
    for one in strengths:
        weak = WeakInstruments(min(one.partial_f, one.effective_f)), AndersonRubinSet(one.stretches)
        caveats += weak if one.are_weak else ()
    yield headline_finding(
        study, effect, outcome=outcome, subject=subject, estimator=estimator, caveats=caveats
    )
    for one in strengths:
        yield finding(
            "sensitivity", one, outcome=outcome, subject=subject, estimator=estimator, screen="trust"
        )
    for sentence in caveats:
        if isinstance(sentence, FewClusters | WeakInstruments):
            about = {**subject, "about": sentence.code()}
            yield finding(
                "caution", sentence, outcome=outcome, subject=about, estimator=estimator, screen="caution"
            )


def _few_clusters(run: Run, row: CoefficientRow) -> Iterator[Sentence]:
    """Yield that there are few clusters other than entities, of which there is a caution already."""
    counts = [int(number) for number in row.n_clusters.split(" x ") if number]
    if counts and min(counts) < ENTITIES_FOR_INTERVALS <= run.manifest.data.n_entities:
        yield FewClusters(min(counts), ENTITIES_FOR_INTERVALS)


def _of_instruments(run: Run, outcome: str, estimator: str) -> Iterator[InstrumentStrength]:
    """Yield how strong the instruments of a single variable are, and which slopes stand however weak."""
    rows = run.rows(STATISTICS, outcome=outcome, estimator=estimator)
    numbers = {row.statistic: row.value for row in rows}
    lows, highs = (
        [row.value for row in rows if row.statistic == f"anderson_rubin_{end}"] for end in ("low", "high")
    )
    ends = tuple((low, high) for low, high in zip(lows, highs, strict=True) if not math.isnan(low))
    if "effective_f" in numbers:
        effective = numbers["effective_f"], numbers["effective_f_critical"]
        yield InstrumentStrength(numbers["partial_f"], *effective, ends)
