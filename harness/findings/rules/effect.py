"""Findings on debiased effects: the first one, all others, their form, and those through mediators."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.findings.finding import ENTITIES_FOR_INTERVALS, SourceNumbers, finding
from harness.findings.lines import mean_slopes, stretches, true_rows
from harness.findings.run import Run
from harness.findings.sentence import (
    Count,
    Estimate,
    EstimatorId,
    Hundredths,
    PValue,
    Reason,
    Sentence,
    Share,
    Statistic,
    Stretches,
    VariableId,
    Word,
)
from harness.language import marked
from harness.record.decisions import Effect, clearness, effects_by_outcome, first_of, p_value_of
from harness.record.manifest import StudyRecord
from harness.scenarios.effect.cell import ENTITIES_OF_LEARNERS
from harness.scenarios.effect.dependence import has_common_shocks
from harness.scenarios.effect.scenario import TRUE_SLOPES
from harness.tables.decision import ABOVE, NEGLIGIBLE, SIGNIFICANT, UNTESTED, family_size, size_of
from harness.tables.effects import (
    EFFECT_TESTS,
    EFFECTS,
    LINEARITY,
    MEDIATION,
    SENSITIVITY,
    SLOPES,
    TOTAL,
    EffectRow,
    MediationRow,
    SensitivityRow,
)
from harness.tables.findings import FindingRow, is_of_outcomes
from harness.tables.table import NAN

# Below this share of the exposure's variation given the controls the report warns of little variation.
LITTLE_RESIDUAL_SHARE = 0.05

# Below this first-stage F the report warns of weak instruments (Staiger and Stock 1997).
WEAK = 10.0


def errors_named(p_common_shocks: float) -> str:
    """Return what errors are called that a test chose, where they are not those of an entity."""
    return marked("errors for common shocks") if has_common_shocks(p_common_shocks) else ""


@dataclass(frozen=True)
class LevelEffect:
    """The contrast of a level of a categorical exposure with the base; the level is empty for a slope."""

    level: str
    estimate: Estimate


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
class SlopesOutside(Sentence):
    """Mean slopes of models, of `n_curves`, that an interval does not hold: how many, and their range."""

    n_outside: int
    n_curves: int
    low: float
    high: float


@dataclass(frozen=True)
class TruthOutside(Sentence):
    """A true slope that an interval does not hold."""

    truth: float


@dataclass(frozen=True)
class Blocking(Sentence):
    """What keeps an effect from being established."""

    is_blocking: ClassVar[bool] = True


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
class FewEntities(Blocking):
    """That there are fewer entities than intervals were found to hold with."""

    n_entities: int
    least: int


@dataclass(frozen=True)
class LittleResidualVariation(Blocking):
    """Which small share of the exposure's variation remains given the controls."""

    residual_share: Share


@dataclass(frozen=True)
class WeakInstruments(Blocking):
    """That instruments are weak, by the F statistic of the first stage."""

    first_stage_f: Statistic


@dataclass(frozen=True)
class FewEntitiesOfEffects(Sentence):
    """That effects rest on fewer entities than intervals were found to hold with."""

    n_entities: Count
    entity: VariableId
    least: int


@dataclass(frozen=True, kw_only=True)
class DoubtfulEffect:
    """An effect that is doubtful, and on which outcome."""

    outcome: VariableId
    form: str
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class EffectsByMethodDiffer(DoubtfulEffect, Sentence):
    """That both methods give different effects."""

    p_value: PValue


@dataclass(frozen=True, kw_only=True)
class LittleVariationOfEffect(DoubtfulEffect, Sentence):
    """Which small share of the exposure's variation remains given the controls."""

    method: str
    learner: EstimatorId
    share: Share


@dataclass(frozen=True, kw_only=True)
class WeakInstrumentsOfEffect(DoubtfulEffect, Sentence):
    """That instruments are weak, by the F statistic of the first stage."""

    method: str
    learner: EstimatorId
    statistic: Statistic


@dataclass(frozen=True)
class IndirectEffect(Sentence):
    """An effect through a mediator, and what would remove it.

    Attributes
    ----------
    rho_zero : correlation of the errors of mediator and outcome at which it is zero
    share : of a total effect that is significantly different from zero
    """

    exposure: VariableId
    mediator: VariableId
    method: Word
    learner: EstimatorId
    estimate: Estimate
    is_significant: bool
    rho_zero: float
    share: float = NAN


@dataclass(frozen=True)
class MediatorAsRandom(Sentence):
    """That the mediator is taken for as good as random, given exposure and controls."""


@dataclass(frozen=True)
class Linearity(Sentence):
    """Whether a test rejects a straight line; one with entity means is of no estimator."""

    exposure: VariableId
    is_rejected: bool
    p_value: PValue


@dataclass(frozen=True)
class LooksNonlinear(Sentence):
    """That an effect that differs along a correlated covariate looks nonlinear, too."""


@dataclass(frozen=True)
class SignsDiffer(Sentence):
    """That the curves of all models go where the debiased effect does not, and whither the true one.

    Attributes
    ----------
    do_rise : whether the curves of the models rise
    is_significant : whether the interval of the debiased effect excludes zero
    truth : the true effect; NaN where it is not known
    """

    n_curves: int
    do_rise: bool
    is_significant: bool
    truth: float = NAN


@dataclass(frozen=True)
class WeakSelection(Sentence):
    """That less selection on omitted variables than on the controls would bring the slope to zero (Oster)."""

    delta: Hundredths


@dataclass(frozen=True)
class Fragile(Sentence):
    """What a confounder would have to explain to overturn the effect, and how strong that is."""

    robustness_value: Share
    covariate: VariableId = ""
    times: float = NAN


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


def first_effect(run: Run, outcome: str) -> Effect:
    """Return the rows of the effect that comes first, also where they have no number; none without one."""
    return first_of(effects_on(run, outcome), run.manifest.study.primary)


def _effects(run: Run) -> Mapping[str, tuple[Effect, ...]]:
    return effects_by_outcome(run.rows(EFFECTS))


def effects_on(run: Run, outcome: str) -> tuple[Effect, ...]:
    """Return the rows of every debiased effect on one outcome, each effect once."""
    return run.view(_effects).get(outcome, ())


SUBJECT = ("scenario", "exposure", "method", "form", "learner", "group", "moderator")


def _debiased(run: Run, rows: Effect, *, is_first: bool) -> FindingRow:
    """Return the finding on one effect."""
    first = rows[0]
    kind = "interaction" if first.form == "interaction" else "effect"
    about = [f"{first.scenario}: {first.form}", first.method, first.learner, first.moderator, first.group]
    is_significant, blocking = first.decision in SIGNIFICANT, tuple(_blocking(run, first))
    clearest = max(rows, key=clearness)
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
        *_outside(run, first),
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
    at = np.array([row.at for row in rows])
    above, below = (np.array(side) & is_established for side in zip(*map(_signs, rows), strict=True))
    levels = (LevelEffect(study.level_at(row.exposure, row.at), _estimate(row)) for row in rows)
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
        above=stretches(at, above) if is_line else (),
        below=stretches(at, below) if is_line else (),
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


def _outside(run: Run, row: EffectRow) -> Iterator[Sentence]:
    """Yield what the interval of a slope does not hold: mean slopes of models, and the true number.

    The truth of a slope is the mean of true slopes that it estimates, weighted as its rows are
    (`TRUE_SLOPES`). Nothing of the slope of some rows.
    """
    if row.form not in SLOPES or row.group or row.moderator or not row.is_done:
        return
    slopes = mean_slopes(run, row.outcome, row.exposure).values()
    outside = [slope for slope in slopes if not row.conf_low <= slope <= row.conf_high]
    if outside:
        yield SlopesOutside(len(outside), len(slopes), min(outside), max(outside))
    for truth in true_slopes(run, row):
        if not row.conf_low <= truth <= row.conf_high:
            yield TruthOutside(truth)


def true_slopes(run: Run, row: EffectRow) -> list[float]:
    """Return the true numbers that a slope estimates; none where they are not known."""
    rows = true_rows(run, row.outcome, row.scenario, TRUE_SLOPES[row.form])
    return [one.truth for one in rows if one.group in ("", row.method)]


def slope_of(run: Run, outcome: str, exposure: str) -> EffectRow | None:
    """Return the debiased slope of an exposure, that which comes first before others; None without one."""
    effects = (first_effect(run, outcome), *effects_on(run, outcome))
    slopes = (rows[0] for rows in effects if rows and rows[0].is_done and rows[0].form in SLOPES)
    return next((row for row in slopes if (row.exposure, row.group) == (exposure, "")), None)


def _blocking(run: Run, row: EffectRow) -> Iterator[Blocking]:
    """Yield what keeps an effect from being established."""
    size = size_of(run.manifest.study.level)
    if row.p_methods < size:
        yield MethodsDiffer(row.p_methods)
    if row.p_learners < size:
        yield LearnersDiffer(row.p_learners)
    if row.is_exploratory:
        yield ExploratoryCurve() if row.form == "curve" else ExploratoryLearner(ENTITIES_OF_LEARNERS)
    if row.n_entities is not None and row.n_entities < ENTITIES_FOR_INTERVALS:
        yield FewEntities(row.n_entities, ENTITIES_FOR_INTERVALS)
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


def doubt_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield that entities are few, and what is doubtful of each effect; once for its points and bands."""
    done = [row for row in run.rows(EFFECTS, outcome=outcome) if row.is_done and row.n_entities is not None]
    least = min((row.n_entities or 0 for row in done), default=ENTITIES_FOR_INTERVALS)
    if least < ENTITIES_FOR_INTERVALS:
        few = FewEntitiesOfEffects(least, run.manifest.study.entity, ENTITIES_FOR_INTERVALS)
        yield finding("effect_doubt", few, outcome=outcome, subject={"about": "entities"})
    once = {
        (type(sentence), *subject.values()): (sentence, subject)
        for row in reversed(done)
        for sentence in _doubts(run, row)
        for subject in [{"about": sentence.code(), **{name: getattr(row, name) for name in SUBJECT}}]
    }
    for sentence, subject in reversed(once.values()):
        yield finding("effect_doubt", sentence, outcome=outcome, subject=subject)


def _doubts(run: Run, row: EffectRow) -> Iterator[Sentence]:
    effect = {"outcome": row.outcome, "form": row.form, "group": row.group}
    how = {**effect, "method": row.method, "learner": row.learner}
    if row.p_methods < size_of(run.manifest.study.level):
        yield EffectsByMethodDiffer(**effect, p_value=row.p_methods)
    if row.residual_share < LITTLE_RESIDUAL_SHARE:
        yield LittleVariationOfEffect(**how, share=row.residual_share)
    if row.first_stage_f < WEAK:
        yield WeakInstrumentsOfEffect(**how, statistic=row.first_stage_f)


def sign_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield that the curves of all models have a slope of another sign, outside the debiased interval."""
    row = next(iter(first_effect(run, outcome)), None)
    if row is None or not row.is_done or row.form not in SLOPES:
        return
    slopes = list(mean_slopes(run, outcome, row.exposure).values())
    is_outside = all(not row.conf_low <= slope <= row.conf_high for slope in slopes)
    if slopes and is_outside and all(slope * row.estimate < 0.0 for slope in slopes):
        sentence = SignsDiffer(
            n_curves=len(slopes),
            do_rise=slopes[0] > 0.0,
            is_significant=row.conf_low > 0.0 or row.conf_high < 0.0,
            truth=next(iter(true_slopes(run, row)), NAN),
        )
        subject = {"exposure": row.exposure}
        yield finding("sign_difference", sentence, outcome=outcome, subject=subject, screen="trust")


def sensitivity_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield what a confounder would have to explain, where the first effect is significant."""
    row = next(iter(first_effect(run, outcome)), None)
    if (
        row is None
        or not row.robustness_value > 0.0
        or not row.p_adjusted < size_of(run.manifest.study.level)
    ):
        return
    times, covariate = _strongest(run, row)
    sentence = Fragile(row.robustness_value, covariate, times)
    subject = {name: getattr(row, name) for name in SUBJECT}
    yield finding("sensitivity", sentence, outcome=outcome, subject=subject, screen="trust")
    rows = run.rows(SENSITIVITY, **{name: getattr(row, name) for name in OF_SLOPE})
    delta = next((one.oster_delta for one in rows if one.is_done), NAN)
    if 0.0 <= delta < 1.0:
        about = {**subject, "about": "selection"}
        yield finding("sensitivity", WeakSelection(delta), outcome=outcome, subject=about, screen="trust")


# What tells slopes apart whose sensitivity is known.
OF_SLOPE = ("outcome", "scenario", "exposure", "method", "learner")


def _strongest(run: Run, row: EffectRow) -> tuple[float, str]:
    """Return how many times as strong as the strongest covariate a confounder is that overturns the effect.

    Nothing where a covariate is so strong that no second one can be.
    """
    benchmarks = run.rows(SENSITIVITY, multiple=1.0, **{name: getattr(row, name) for name in OF_SLOPE})
    if not benchmarks or not all(one.is_done for one in benchmarks):
        return NAN, ""
    times, covariate = min((overturning(one), one.covariate) for one in benchmarks)
    return (times, covariate) if math.isfinite(times) else (NAN, "")


def overturning(row: SensitivityRow) -> float:
    """Return how many times as strong as a covariate a confounder is that brings the slope to zero.

    The bias of one k times as strong is sqrt(k a k b / (1 - k b)) over f = r / sqrt(1 - r) of the slope, a
    and b its partial R2 with outcome and exposure, r the robustness value (Cinelli and Hazlett 2020): the
    root of a b k^2 + b f^2 k - f^2. Infinite where the covariate explains nothing of one of them.
    """
    a, b = row.r2_outcome, row.r2_exposure
    f2 = row.robustness_value**2 / (1.0 - row.robustness_value)
    if a * b <= 0.0:
        return math.inf
    return (math.sqrt((b * f2) ** 2 + 4.0 * a * b * f2) - b * f2) / (2.0 * a * b)


def leading_paths(run: Run, outcome: str, scenario: str) -> tuple[MediationRow, ...]:
    """Return the paths of the first method and learner of a scenario, the total effect first."""
    rows = run.rows(MEDIATION, outcome=outcome, scenario=scenario)
    first = [row for row in rows if (row.method, row.learner) == (rows[0].method, rows[0].learner)]
    return tuple(sorted(first, key=lambda row: row.path != TOTAL))


def mediation_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every indirect effect; on the first screen those of a mediation that is the headline."""
    study = run.manifest.study
    for row in run.rows(MEDIATION, outcome=outcome):
        if not row.is_indirect:
            continue
        n_entities = row.n_entities or 0
        estimate = Estimate(row.estimate, row.conf_low, row.conf_high)
        sentence = IndirectEffect(
            exposure=row.exposure,
            mediator=row.mediator,
            method=row.method,
            learner=row.learner,
            estimate=estimate,
            is_significant=row.decision in SIGNIFICANT,
            rho_zero=row.rho_zero,
            share=row.share,
        )
        few = [FewEntities(n_entities, ENTITIES_FOR_INTERVALS)] * (n_entities < ENTITIES_FOR_INTERVALS)
        leads = study.leads(scenario=row.scenario)
        is_leading = leads and row in leading_paths(run, outcome, row.scenario)
        yield finding(
            "mediation",
            sentence,
            outcome=outcome,
            subject={
                name: getattr(row, name) for name in ("scenario", "exposure", "mediator", "method", "learner")
            },
            about=", ".join((f"{row.scenario}: {row.mediator}", row.method, row.learner)),
            decision=row.decision,
            numbers=SourceNumbers(estimate, row.p_value, row.p_adjusted),
            family=row.family,
            screen="effect" if is_leading else "none",
            caveats=(MediatorAsRandom(), *few),
        )


def linearity_findings(run: Run, outcome: str) -> Iterator[FindingRow]:
    """Yield every test of linearity; a nonlinearity is significant where its p-value is below the level."""
    for row in run.rows(EFFECT_TESTS, outcome=outcome, test=LINEARITY):
        if row.is_done:
            is_bent = row.decision == ABOVE
            yield finding(
                "nonlinearity",
                Linearity(row.exposure, is_bent, row.p_value),
                outcome=outcome,
                subject={
                    "test": LINEARITY,
                    "exposure": row.exposure,
                    "estimator": row.estimator,
                    "against": row.against,
                },
                about=", ".join(filter(None, (LINEARITY, row.exposure, row.against))),
                estimator=row.estimator,
                decision=row.decision,
                numbers=SourceNumbers(p_value=row.p_value),
                screen="trust" if is_bent and not row.estimator else "none",
                caveats=[LooksNonlinear()] * is_bent,
            )
