"""Findings on the effect by regression: within entities, by the other debiased method, and pooled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.data.name import lag_of
from harness.findings.finding import SourceNumbers, few_entities, finding
from harness.findings.lines import POINTWISE, curve_scenarios, effects_on, errors_named, first_effect
from harness.findings.rules.effect import LevelEffect
from harness.findings.run import Run
from harness.findings.sentence import Estimate, PValue, Sentence, VariableId, Word
from harness.record.manifest import EstimatorRecord, StudyRecord
from harness.tables.coefficients import COEFFICIENTS, TRANSFORMED, CoefficientRow, TransformedRow
from harness.tables.curves import CURVES
from harness.tables.decision import OPEN, SIGNIFICANT, decide, size_of
from harness.tables.effects import EFFECT_TESTS, EQUAL_CURVES, SLOPES, EffectRow
from harness.tables.findings import FindingRow
from harness.tables.preparation import PREPARATION
from harness.tables.table import NAN

# Pooled and within estimates that differ by this factor are said to differ.
FAR_APART = 2.0


@dataclass(frozen=True)
class WithinEffect(Sentence):
    """The effect by an estimator with effects of entities.

    Attributes
    ----------
    slopes : a slope, or the contrast of each level
    is_alone : whether no debiased effect stands before it
    is_significant, p_adjusted, n_family : of the clearest of them, over so many outcomes where it is alone,
        else for so much that is said of the exposure
    errors : what a test found that they allow for
    is_of_log : whether the slopes are of the logarithm of the outcome's mean, as those of a Poisson
        regression are
    """

    exposure: VariableId
    slopes: tuple[LevelEffect, ...]
    is_alone: bool
    is_significant: bool
    p_adjusted: PValue = NAN
    n_family: int = 1
    errors: Word = ""
    is_of_log: bool = False


@dataclass(frozen=True)
class NoWithinEffect(Sentence):
    """That nothing goes by differences within entities; a pooled slope may stand before it."""

    is_pooled: bool = False


@dataclass(frozen=True)
class OtherMethod(Sentence):
    """That another method gives another effect, a slope where there is an exposure."""

    method: Word
    estimate: Estimate
    is_significant: bool
    p_value: PValue
    exposure: VariableId = ""


@dataclass(frozen=True)
class PooledDiffers(Sentence):
    """That pooled and within estimates differ.

    Attributes
    ----------
    factor : the larger over the smaller; NaN where their signs differ
    """

    factor: float = NAN


@dataclass(frozen=True)
class Nickell(Sentence):
    """That effects of entities next to a lagged outcome bias its coefficient (Nickell 1981)."""

    lagged: tuple[str, ...]
    n_periods: int


def within_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the effect by the first estimator with effects of entities, whatever it says.

    An effect that goes by differences between entities stands there for none.
    """
    study, first = run.manifest.study, next(iter(first_effect(run, outcome)), None)
    is_alone = first is None or not first.is_done
    pooled = tuple(one for one in study.headline[:1] if one.identifies == "pooled")
    exposure = study.exposure if first is None or not first.is_done else first.exposure
    within = within_slopes(run, outcome, exposure)
    if within is not None:
        estimator, slopes, rows = within.entry.id, within.slopes, within.rows
        errors = errors_named(rows[0].p_common_shocks) if rows else ""
        clearest, p_value = clearest_of(rows)
        df, decision = rows[clearest].df_resid if rows else NAN, slopes[clearest].decision
        is_significant = decision in SIGNIFICANT
        yield finding(
            "within_effect",
            WithinEffect(
                exposure, slopes, is_alone, is_significant, errors=errors, is_of_log=within.is_of_log
            ),
            outcome=outcome,
            subject={"exposure": exposure, "estimator": estimator},
            estimator=estimator,
            decision=decision,
            numbers=SourceNumbers(slopes[clearest].estimate, p_value, df=df),
            screen="effect",
            caveats=few_entities(run.manifest.data.n_entities),
        )
    if first is not None and first.is_done:
        yield from _other_method(run, first)
    elif within is None and first is None and study.headline[:1] in ((), pooled):
        sentence = NoWithinEffect(is_pooled=study.headline[:1] == pooled)
        yield finding("within_effect", sentence, outcome=outcome, subject={}, screen="effect")


def _other_method(run: Run, first: EffectRow) -> Iterator[FindingRow]:
    """Yield the effect by the other method where it differs from the first."""
    size = size_of(run.manifest.study.level)
    if not first.p_methods < size:
        return
    for rows in effects_on(run, first.outcome):
        other = rows[0]
        if (
            other.is_done
            and other.method != first.method
            and _about(other) == _about(first)
            and len(rows) == 1
        ):
            estimate = Estimate(other.estimate, other.conf_low, other.conf_high)
            slope_of = other.exposure if other.form in SLOPES else ""
            yield finding(
                "method_difference",
                OtherMethod(other.method, estimate, other.decision in SIGNIFICANT, first.p_methods, slope_of),
                outcome=first.outcome,
                subject={"scenario": other.scenario, "exposure": other.exposure, "method": other.method},
                numbers=SourceNumbers(estimate, first.p_methods),
                screen="effect",
            )


def _about(row: EffectRow) -> tuple[str, ...]:
    return row.scenario, row.exposure, row.form, row.learner, row.group, row.moderator


Slopes = tuple[LevelEffect, ...]


@dataclass(frozen=True, eq=False)
class EstimatorSlopes:
    """The slope of an exposure by an estimator, or a contrast of each level.

    Attributes
    ----------
    rows : coefficients that they are; none of a slope of a curve
    is_of_log : whether they are of the logarithm of the outcome's mean
    """

    entry: EstimatorRecord
    slopes: Slopes
    rows: Sequence[CoefficientRow] = ()
    is_of_log: bool = False


def within_slopes(run: Run, outcome: str, exposure: str, *, in_units: bool = False) -> EstimatorSlopes | None:
    """Return the slopes of the first estimator with effects of entities.

    They are its coefficients where the exposure enters alone, in the outcome's unit before those of a
    logarithm, else the mean slope of its net effect curve.

    Parameters
    ----------
    in_units : whether those of a logarithm are passed over
    """
    study = run.manifest.study
    entries = [entry for entry in study.estimators if entry.has_entity_effects]
    for rows_of in (coefficient_rows,) if in_units else (coefficient_rows, log_rows):
        for entry in entries:
            if rows := rows_of(run, outcome, exposure, entry.id):
                return EstimatorSlopes(entry, slopes_of(study, rows), rows, rows_of is log_rows)
    for entry in entries:
        if slopes := _curve_slope(run, outcome, exposure, entry.id):
            return EstimatorSlopes(entry, slopes)
    return None


def coefficient_slopes(run: Run, outcome: str, exposure: str, estimator: str) -> Slopes:
    """Return the coefficients of an exposure that enters alone; none where other terms hold it too."""
    return slopes_of(run.manifest.study, coefficient_rows(run, outcome, exposure, estimator))


def slopes_of(study: StudyRecord, rows: Sequence[CoefficientRow]) -> Slopes:
    """Return coefficients as slopes, or as the contrast of each level."""
    names = study.levels[1:] if len(rows) == len(study.levels[1:]) and study.levels else ("",) * len(rows)
    return tuple(
        LevelEffect(
            name,
            Estimate(row.estimate, row.conf_low, row.conf_high),
            row.decision if len(rows) * row.p_value < size_of(study.level) or len(rows) == 1 else OPEN,
        )
        for name, row in zip(names, rows, strict=True)
    )


def coefficient_rows(run: Run, outcome: str, exposure: str, estimator: str) -> list[CoefficientRow]:
    """Return the rows of an exposure that enters alone; none where other terms hold it too."""
    rows = run.rows(COEFFICIENTS, outcome=outcome, estimator=estimator)
    return _alone(run.manifest.study, exposure, [row for row in rows if row.is_done])


def log_rows(run: Run, outcome: str, exposure: str, estimator: str) -> list[CoefficientRow]:
    """Return the slopes of the logarithm of the outcome's mean, of an exposure that enters alone."""
    study, rows = run.manifest.study, run.rows(TRANSFORMED, outcome=outcome, estimator=estimator)
    return _alone(study, exposure, [_coefficient(row, study.level) for row in rows if row.is_of_log])


def _coefficient(row: TransformedRow, level: float) -> CoefficientRow:
    """Return a slope of a logarithm as a coefficient."""
    low, high = row.limits(level)
    names = (
        "outcome",
        "estimator",
        "term",
        "estimate",
        "std_error",
        "p_value",
        "df_resid",
        "p_common_shocks",
    )
    return CoefficientRow(
        **{name: getattr(row, name) for name in names},
        conf_low=low,
        conf_high=high,
        decision=decide(row.estimate, low, high, by="interval", size=size_of(level)),
        covariance="",
        n_obs=None,
        status="ok",
        reason="",
    )


def _alone(study: StudyRecord, exposure: str, rows: Sequence[CoefficientRow]) -> list[CoefficientRow]:
    """Return the rows of an exposure; none where terms next to it hold it too."""
    columns = study.exposure_columns if exposure == study.exposure else (exposure,)
    terms = [row for row in rows if _holds(row.term, exposure)]
    return terms if [row.term for row in terms] == list(columns) else []


def _holds(term: str, exposure: str) -> bool:
    """Return whether a term is of an exposure: it, a power, a product, but not a past value of it."""
    is_of_it = re.search(rf"(?<![^\W_]){re.escape(exposure)}(?![^\W_])", term) is not None
    return term == exposure or (is_of_it and (lag_of(term) or ("", 0))[0] != exposure)


def clearest_of(rows: Sequence[CoefficientRow]) -> tuple[int, float]:
    """Return which of some contrasts is the clearest, with its p-value as Bonferroni has it for all of them.

    Without any that is the first, and there is no p-value.
    """
    if not rows:
        return 0, NAN
    p_value, clearest = min((row.p_value, at) for at, row in enumerate(rows))
    return clearest, min(1.0, len(rows) * p_value)


def _curve_slope(run: Run, outcome: str, exposure: str, estimator: str) -> Slopes:
    exposure_of = run.manifest.study.exposure_of
    scenario = next((name for name in curve_scenarios(run) if exposure_of(name) == exposure), "")
    of_curve = {"outcome": outcome, "scenario": scenario, "estimator": estimator}
    rows = run.rows(CURVES, **of_curve, kind="average_effect", band=POINTWISE)
    return tuple(
        LevelEffect("", Estimate(row.estimate, row.conf_low, row.conf_high), row.decision)
        for row in rows[:1]
        if math.isfinite(row.conf_low)
    )


def pooled_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield that the pooled slope has another sign or size than the within one, where their curves differ."""
    exposure = run.manifest.study.exposure
    within = within_slopes(run, outcome, exposure, in_units=True)
    pooled = next(
        (
            (entry.id, slopes[0].estimate.value)
            for entry in run.manifest.study.estimators
            if not entry.goes_by_within and (slopes := coefficient_slopes(run, outcome, exposure, entry.id))
        ),
        None,
    )
    if within is None or pooled is None or len(within.slopes) > 1:
        return
    name, other = pooled
    entry, (first,) = within.entry, within.slopes
    tests = run.rows(EFFECT_TESTS, outcome=outcome, exposure=exposure, test=EQUAL_CURVES)
    pair = {entry.id, name}
    differ = any({row.estimator, row.against} == pair and row.decision in SIGNIFICANT for row in tests)
    slope = first.estimate.value
    factor = max(abs(other / slope), abs(slope / other)) if slope and other else math.inf
    if differ and (slope * other < 0.0 or FAR_APART <= factor < math.inf):
        sentence = PooledDiffers(NAN if slope * other < 0.0 else factor)
        subject = {"exposure": exposure}
        yield finding("pooled_effect", sentence, outcome=outcome, subject=subject, screen="trust")


def nickell(run: Run, outcome: str) -> Nickell | None:
    """Return what effects of entities do next to a lagged outcome; None without one."""
    study = run.manifest.study
    regressors = {*study.exposure_columns, *study.moderators, *study.controls}
    lagged = tuple(
        row.into
        for row in run.rows(PREPARATION)
        if row.step == "lag" and outcome in row.inputs.split(", ") and row.into in regressors
    )
    return Nickell(lagged, run.manifest.data.n_periods) if lagged else None
