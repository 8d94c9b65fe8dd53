"""What fits say of themselves: tests of instruments, spatial impacts, effects before a treatment starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.plugin import reporting as parts
from harness.plugin.findings import (
    DIAGNOSTICS,
    SIGNIFICANT,
    Decision,
    Estimate,
    FindingRow,
    HeadlineEffect,
    Hundredths,
    LevelEffect,
    PValue,
    Reason,
    Rule,
    Sentence,
    SourceNumbers,
    VariableId,
    Word,
    finding,
    headline_finding,
)
from harness.plugin.reporting import EFFECT_TESTS, NAN, UNTESTED, marked

# What a test of a fit says where it rejects, and where it does not.
CONCLUSIONS: Mapping[str, tuple[str, str]] = {
    "exogeneity": (
        marked(
            "least squares and the instrumented estimate differ significantly, so the exposure is endogenous "
            "if the instruments are valid"
        ),
        marked("no evidence that least squares and the instrumented estimate differ"),
    ),
    "weak_instruments": (
        marked("the instruments are strong: a bias of a tenth of the worst case or more is rejected"),
        marked("the instruments may be weak: a bias of a tenth of the worst case or more is not rejected"),
    ),
    "anderson_rubin": (
        marked("that the exposure has no effect is rejected by a test that holds for weak instruments, too"),
        marked("no evidence of an effect by a test that holds for weak instruments, too"),
    ),
    "overidentification": (
        marked("the instruments contradict each other, so at least one is not valid"),
        marked("no evidence that the instruments contradict each other"),
    ),
    "autocorrelation_2": (
        marked(
            "differenced errors are autocorrelated of order 2, so the outcome of two periods before is no "
            "valid instrument"
        ),
        marked("no evidence that differenced errors are autocorrelated of order 2"),
    ),
}

# Tests whose rejection bears on the headline effect of their estimator.
ON_SCREEN = frozenset({"exogeneity", "overidentification", "autocorrelation_2"})

# The test of no effect before a treatment starts.
PRE_TREND = "pre_trend"

# Impacts of a regressor on the outcome of the entity itself, of all others together, and their sum.
DIRECT, INDIRECT, TOTAL = "direct", "indirect", "total"

# Impacts that are the headline effect, and what they are of.
ESTIMANDS: Mapping[str, str] = {DIRECT: marked("direct impact"), TOTAL: marked("total impact")}


@dataclass(frozen=True, kw_only=True)
class ImpactRow:
    """An impact of a regressor, outcome units per unit; `decision` is by the interval."""

    outcome: str
    estimator: str
    variable: str
    impact: str
    estimate: float
    std_error: float = NAN
    conf_low: float
    conf_high: float
    p_value: float = NAN
    df: float = NAN
    decision: Decision = UNTESTED


IMPACTS = parts.typed("details/impacts", ImpactRow)


@dataclass(frozen=True)
class FitTest(Sentence):
    """What a test says of what a fit assumes."""

    conclusion: Word
    p_value: PValue


@dataclass(frozen=True)
class Caution(Sentence):
    """Why a p-value deserves less trust than others."""

    reason: Reason


@dataclass(frozen=True)
class SpatialImpact(Sentence):
    """What a regressor in one entity changes there, and elsewhere, outcome units per unit."""

    exposure: VariableId
    entity: VariableId
    direct: Estimate
    indirect: Estimate


@dataclass(frozen=True)
class EffectsBefore(Sentence):
    """The joint test of no effect before a treatment starts."""

    statistic: Hundredths
    p_value: PValue


@dataclass(frozen=True)
class EffectsBeforeUntested(Sentence):
    """Why effects before a treatment starts could not be tested together."""

    reason: Reason


def impact_text(context: parts.Context, one: SpatialImpact) -> str:
    """Return what a step of a regressor changes, in the outcome's unit."""
    words = marked(
        "{estimator}: {change} in one {entity} changes its own {outcome} by {direct}, and that of all others "
        "together by {indirect}."
    )
    direct, indirect = (context.amount(slope, one.exposure) for slope in (one.direct, one.indirect))
    change, outcome = parts.change_text(context, one.exposure), parts.changed(context.study, context.outcome)
    return context.worded(words, one, change=change, outcome=outcome, direct=direct, indirect=indirect)


CODES: Mapping[type[Sentence], str | Callable[[parts.Context, Any], str]] = {
    FitTest: marked("{estimator}: {conclusion} ({p_value})."),
    Caution: marked("Read its p-value with care: {reason}."),
    SpatialImpact: impact_text,
    EffectsBefore: marked(
        "{estimator}, {outcome}: the joint test of no effect before the start has F {statistic}, {p_value}."
    ),
    EffectsBeforeUntested: marked(
        "{estimator}, {outcome}: effects before the start could not be tested together, since {reason}."
    ),
}


def fit_findings(run: parts.Run, outcome: str) -> Iterator[FindingRow]:
    """Yield what tests say of instruments and of lags as instruments, and of effects before a start."""
    for row in run.rows(DIAGNOSTICS, outcome=outcome):
        if row.is_done and row.test in CONCLUSIONS:
            rejected, kept = CONCLUSIONS[row.test]
            leads = run.manifest.study.leads(estimator=row.estimator)
            is_shown = leads and row.decision in SIGNIFICANT and row.test in ON_SCREEN
            yield finding(
                "fit_test",
                FitTest(rejected if row.decision in SIGNIFICANT else kept, row.p_value),
                outcome=outcome,
                subject={"estimator": row.estimator, "test": row.test},
                about=row.test,
                estimator=row.estimator,
                decision=row.decision,
                numbers=SourceNumbers(p_value=row.p_value),
                screen="trust" if is_shown else "none",
                caveats=[Caution(row.caution)] * bool(row.caution),
            )
    for test in run.rows(EFFECT_TESTS, outcome=outcome, test=PRE_TREND):
        yield finding(
            PRE_TREND,
            EffectsBefore(test.statistic, test.p_value)
            if test.is_done
            else EffectsBeforeUntested(test.reason),
            outcome=outcome,
            subject={"estimator": test.estimator},
            estimator=test.estimator,
            decision=test.decision,
            numbers=SourceNumbers(p_value=test.p_value),
        )


def impact_findings(run: parts.Run, outcome: str) -> Iterator[FindingRow]:
    """Yield the impacts of the exposure on the entity itself and on all others."""
    study = run.manifest.study
    rows = {(row.estimator, row.variable, row.impact): row for row in run.rows(IMPACTS, outcome=outcome)}
    for (estimator, variable, impact), row in rows.items():
        if impact in ESTIMANDS and variable == study.exposure and study.leads(estimator=estimator):
            estimate = Estimate(row.estimate, row.conf_low, row.conf_high)
            numbers = row.decision, row.p_value, row.df, row.std_error, run.manifest.data.n_entities
            effect = HeadlineEffect(variable, ESTIMANDS[impact], (LevelEffect("", estimate),), *numbers)
            subject = {"estimator": estimator, "impact": impact}
            yield headline_finding(study, effect, outcome=outcome, subject=subject, estimator=estimator)
        if impact == DIRECT and variable in study.exposure_columns:
            direct, indirect = (
                Estimate(one.estimate, one.conf_low, one.conf_high)
                for one in (row, rows[estimator, variable, INDIRECT])
            )
            yield finding(
                "impact",
                SpatialImpact(variable, study.entity, direct, indirect),
                outcome=outcome,
                subject={"exposure": variable, "estimator": estimator},
                about=variable,
                estimator=estimator,
                decision=row.decision,
                numbers=SourceNumbers(direct),
            )


FIT_RULE = Rule("fit", fit_findings, (DIAGNOSTICS.name, EFFECT_TESTS.name), CODES)
IMPACT_RULE = Rule("impact", impact_findings, (IMPACTS.name,), CODES)
