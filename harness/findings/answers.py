"""What a run says of each outcome, whether to trust it, and at most three points to read first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from harness.findings import debiased
from harness.findings.gain import verdict
from harness.findings.gains import Gains, tested_periods
from harness.findings.lines import POINTWISE, curve_scenarios, curves_of, mean_slopes, true_rows
from harness.findings.run import Run
from harness.language import topic
from harness.record.decisions import Effect
from harness.record.manifest import EstimatorRecord, ProtocolRecord, StudyRecord
from harness.scenarios.effect.scenario import TRUE_SLOPES
from harness.tables.claims import ASSUMING, CLAIMS, INCONSISTENT, ClaimRow
from harness.tables.coefficients import COEFFICIENTS
from harness.tables.decision import size_of
from harness.tables.effects import SENSITIVITY, SLOPES, EffectRow, SensitivityRow
from harness.tables.gain import GAIN, GIVEN_PERIODS, RECOGNITION
from harness.tables.preparation import LEAK_CODE, WARNINGS
from harness.tables.table import NAN
from harness.text.context import Estimate
from harness.text.sentences import Sentence

gettext = topic("findings.answers")


# Pooled and within estimates that differ by this factor are said to differ.
FAR_APART = 2.0

MOST_REASONS = 2

MOST_LEADING = 2


@dataclass(frozen=True)
class Answer:
    """What a run says of one outcome.

    Attributes
    ----------
    label : how the outcome is called
    prediction, effect, trust : a few sentences each
    is_declared : whether the study declares the effect that stands first
    """

    label: str
    prediction: str
    effect: str
    trust: str
    is_declared: bool

    @property
    def labelled(self) -> tuple[tuple[str, str], ...]:
        """What each text is about, with the text, those that say something."""
        effect = gettext("Effect") if self.is_declared else gettext("Effect (not declared beforehand)")
        texts = (
            (gettext("Prediction"), self.prediction),
            (effect, self.effect),
            (gettext("Trust"), self.trust),
        )
        return tuple((label, text) for label, text in texts if text)


def answers(run: Run) -> tuple[Answer, ...]:
    """Return what a run says of each outcome, in the language in use."""
    return tuple(answer(run, outcome) for outcome in run.manifest.study.outcomes)


def answers_text(run: Run) -> str:
    """Return what a run says of each outcome as lines for a terminal."""
    parts = [
        "\n".join([one.label, *(f"  {label}. {text}" for label, text in one.labelled)])
        for one in answers(run)
    ]
    return "\n\n".join(parts)


def answer(run: Run, outcome: str) -> Answer:
    """Return what a run says of one outcome."""
    study = run.manifest.study
    effects, reasons = list(effect(run, outcome)), list(trust(run, outcome))[:MOST_REASONS]

    def said(sentences: list[Sentence]) -> str:
        about = {"outcome": outcome}
        return " ".join(Sentence(one.code, about | dict(one.parameters)).said(study) for one in sentences)

    return Answer(
        label=study.label(outcome),
        prediction=said([prediction(run, outcome)]),
        effect=said(effects),
        trust=said(reasons),
        is_declared=not first_rows(run, outcome) or bool(study.primary and study.primary.is_declared),
    )


def first_rows(run: Run, outcome: str) -> Effect:
    """Return the rows of the debiased effect that comes first; none where the study asks none."""
    return debiased.first_effect(run, outcome) if run.manifest.study.primary else ()


def prediction(run: Run, outcome: str) -> Sentence:
    """Return who predicts best under the protocol that tells most."""
    study = run.manifest.study
    if len(study.estimators) == 1:
        return Sentence("only_estimator", {"estimator": study.reference})
    leading = leading_protocols(study)[0]
    cells = [cell for cell in Gains(run).cells(outcome) if cell.protocol.id == leading.id]
    return verdict(cells, reference=study.reference)


def leading_protocols(study: StudyRecord) -> tuple[ProtocolRecord, ...]:
    """Return the protocols that tell most: of entities not used in training, then of later periods.

    Where the study has neither they are the first honest ones, and where none is honest the first of all.
    """
    honest = tuple(protocol for protocol in study.protocols if protocol.keeps_test_rows_apart)
    new = tuple(protocol for protocol in honest if not protocol.knows_entities)
    later = tuple(one for one in honest if one.knows_entities and one.tested_periods == "later")
    return (new[:1] + later[:1] or honest or study.protocols)[:MOST_LEADING]


def effect(run: Run, outcome: str) -> Iterator[Sentence]:
    """Yield the debiased effect that comes first, that of fixed effects, and that of a method that parts.

    Both always stand there, whatever they say; an effect that goes by differences between entities does not.
    """
    first = first_rows(run, outcome)
    if first:
        yield debiased.primary_sentence(run, first)
    exposure = first[0].exposure if first and first[0].is_done else run.manifest.study.exposure
    is_alone = not (first and first[0].is_done)
    within = within_slopes(run, outcome, exposure)
    if within is not None:
        entry, slopes = within
        about = {"estimator": entry.id, "exposure": exposure, "slopes": slopes, "is_alone": is_alone}
        yield Sentence("within_effect", about)
    if first and first[0].is_done:
        yield from _other_method(run, first)
    elif within is None and not first:
        yield Sentence("no_within_effect")


def _other_method(run: Run, first: Effect) -> Iterator[Sentence]:
    """Yield the effect by the other method where it differs from the first."""
    row, size = first[0], size_of(run.manifest.study.level)
    if not row.p_methods < size:
        return
    for rows in debiased.effects_on(run, row.outcome):
        other = rows[0]
        if other.is_done and other.method != row.method and _about(other) == _about(row) and len(rows) == 1:
            estimate = other.estimate, other.conf_low, other.conf_high
            parameters = {"method": other.method, "estimate": estimate, "p_value": row.p_methods}
            yield Sentence("other_method", parameters)


def _about(row: EffectRow) -> tuple[str, ...]:
    return row.scenario, row.exposure, row.form, row.learner, row.group, row.moderator


Slopes = list[tuple[str, Estimate]]


def within_slopes(run: Run, outcome: str, exposure: str) -> tuple[EstimatorRecord, Slopes] | None:
    """Return the first estimator with effects of entities and its slope, or a contrast of each level.

    That is its coefficient where the exposure enters alone, else the mean slope of its net effect curve.
    """
    entries = [entry for entry in run.manifest.study.estimators if entry.has_entity_effects]
    for slopes_of in (coefficient_slopes, _curve_slope):
        for entry in entries:
            if slopes := slopes_of(run, outcome, exposure, entry.id):
                return entry, slopes
    return None


def coefficient_slopes(run: Run, outcome: str, exposure: str, estimator: str) -> Slopes:
    """Return the coefficients of an exposure that enters alone; none where other terms hold it too."""
    study = run.manifest.study
    columns = study.exposure_columns if exposure == study.exposure else (exposure,)
    rows = run.rows(COEFFICIENTS, outcome=outcome, estimator=estimator)
    own = [row for row in rows if row.is_done and exposure in row.term]
    if [row.term for row in own] != list(columns):
        return []
    names = study.levels[1:] if len(columns) == len(study.levels[1:]) and study.levels else ("",)
    return [(name, (row.estimate, row.conf_low, row.conf_high)) for name, row in zip(names, own, strict=True)]


def _curve_slope(run: Run, outcome: str, exposure: str, estimator: str) -> Slopes:
    exposure_of = run.manifest.study.exposure_of
    scenario = next((name for name in curve_scenarios(run) if exposure_of(name) == exposure), "")
    for curve in curves_of(run, outcome, scenario, "average_effect"):
        band = curve.band(POINTWISE)
        if curve.estimator == estimator and band is not None and math.isfinite(band.low[0]):
            return [("", (float(curve.estimate[0]), float(band.low[0]), float(band.high[0])))]
    return []


def trust(run: Run, outcome: str) -> Iterator[Sentence]:
    """Yield what a reader should think of effect and gains, what matters most first."""
    yield from _signs_differ(run, outcome)
    yield from _fragile(run, outcome)
    yield from _recognised(run, outcome)
    yield from _pooled_apart(run, outcome)


def _signs_differ(run: Run, outcome: str) -> Iterator[Sentence]:
    """Yield that the curves of all models have a slope of another sign, outside the debiased interval."""
    row = next(iter(first_rows(run, outcome)), None)
    if row is None or not row.is_done or row.form not in SLOPES:
        return
    slopes = list(mean_slopes(run, outcome, row.exposure).values())
    is_outside = all(not row.conf_low <= slope <= row.conf_high for slope in slopes)
    if slopes and is_outside and all(slope * row.estimate < 0.0 for slope in slopes):
        true = true_rows(run, outcome, row.scenario, TRUE_SLOPES[row.form])
        own = [one.truth for one in true if one.group in ("", row.method)]
        parameters = {
            "n_curves": len(slopes),
            "do_rise": slopes[0] > 0.0,
            "is_significant": row.conf_low > 0.0 or row.conf_high < 0.0,
            "truth": own[0] if own else math.nan,
        }
        yield Sentence("signs_differ", parameters)


def _recognised(run: Run, outcome: str) -> Iterator[Sentence]:
    """Yield how much comes from recognising entities, of the largest gain without effects of entities."""
    study = run.manifest.study
    without = {entry.id for entry in study.estimators if not entry.has_entity_effects}
    found = (row for row in run.rows(RECOGNITION, outcome=outcome) if row.estimator in without)
    rows = [row for row in found if row.is_done and row.conf_low > 0.0]
    if rows:
        row = max(rows, key=lambda row: row.gain_known)
        about = {"estimator": row.estimator, "share": row.estimate, "gain": row.gain_known}
        yield Sentence("recognised", about)


def _pooled_apart(run: Run, outcome: str) -> Iterator[Sentence]:
    """Yield that the pooled slope lies outside the interval of the within one, and far from it."""
    exposure = run.manifest.study.exposure
    within = within_slopes(run, outcome, exposure)
    pooled = [
        slopes
        for entry in run.manifest.study.estimators
        if not entry.goes_by_within and (slopes := coefficient_slopes(run, outcome, exposure, entry.id))
    ]
    if within is None or not pooled or len(within[1]) > 1:
        return
    (_, (own, low, high)), (_, (other, *_)) = within[1][0], pooled[0][0]
    factor = max(abs(other / own), abs(own / other)) if own and other else math.inf
    if not low <= other <= high and (own * other < 0.0 or FAR_APART <= factor < math.inf):
        yield Sentence("pooled_apart", {"factor": math.nan if own * other < 0.0 else factor})


def _fragile(run: Run, outcome: str) -> Iterator[Sentence]:
    """Yield what a confounder would have to explain, where the first effect is significant."""
    row = next(iter(first_rows(run, outcome)), None)
    if row is None or not row.is_done or not row.robustness_value > 0.0:
        return
    if next(debiased.debiased_findings(run, outcome)).p_adjusted < size_of(run.manifest.study.level):
        yield Sentence("fragile", {"robustness_value": row.robustness_value, **_strongest(run, row)})


def _strongest(run: Run, row: EffectRow) -> dict[str, object]:
    """Return the strongest covariate and how many times as strong a confounder is that overturns the effect.

    Nothing where a covariate is so strong that no second one can be.
    """
    names = ("outcome", "scenario", "exposure", "method", "learner")
    own = run.rows(SENSITIVITY, multiple=1.0, **{name: getattr(row, name) for name in names})
    if not own or not all(one.is_done for one in own):
        return {}
    times, covariate = min((overturning(one), one.covariate) for one in own)
    return {"covariate": covariate, "times": times} if math.isfinite(times) else {}


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


@dataclass(frozen=True)
class HeadlineRow:
    """A published gain next to those of this run, fractions; NaN for one that the run does not have.

    Attributes
    ----------
    claim : the published gain
    here : the same estimator under the same protocol
    further : the first further reference, such as fixed effects, under that protocol
    new : the same estimator for entities not used in training
    """

    claim: ClaimRow
    here: float
    further: float
    new: float


def headline_claims(rows: Sequence[ClaimRow]) -> tuple[ClaimRow, ...]:
    """Return the published gains that the spec marks as its headline; else the first of each outcome."""
    gains = [row for row in rows if row.quantity == "gain"]
    first = {row.outcome: row for row in reversed(gains)}
    return tuple(row for row in gains if row.headline) or tuple(reversed(first.values()))


def headline(run: Run) -> Iterator[HeadlineRow]:
    """Yield each published gain that heads the study, with the gains of this run."""
    study = run.manifest.study
    gains = {
        (row.outcome, row.protocol, row.sample, row.estimator): row.gain
        for row in run.rows(GAIN)
        if row.reference == study.reference and row.is_done
    }
    known = {entry.id for entry in study.estimators}
    for row in (row for row in headline_claims(run.rows(CLAIMS)) if row.estimator in known):
        others = [name for name in study.further_references[:1] if name != row.estimator]
        further = [gains.get((row.outcome, row.protocol, row.sample, name), NAN) for name in others]
        yield HeadlineRow(row, row.this_run, next(iter(further), NAN), row.counterpart)


def has(values: Sequence[float]) -> bool:
    """Return whether any of several numbers is there."""
    return any(map(math.isfinite, values))


MOST_CAUTIONS = 3

# Note on an outcome whose squared errors are those of a few rows.
SKEW_CODE = "W-SKEW"


def cautions(run: Run) -> tuple[str, ...]:
    """Return what to read first, in the language in use; what the answers say already is left out."""
    study = run.manifest.study
    found = (one.said(study) for rule in RULES for one in rule(run))
    return tuple(islice(dict.fromkeys(found), MOST_CAUTIONS))


def leaks(run: Run) -> Iterator[Sentence]:
    """Yield that a regressor holds the outcome, so that neither gain nor effect means anything."""
    yield from _notes(run, LEAK_CODE)


def refusals(run: Run) -> Iterator[Sentence]:
    """Yield every estimator without any result for an outcome."""
    study, gains = run.manifest.study, Gains(run)
    for outcome, entry in product(study.outcomes, gains.candidates):
        cells = [gains.cell(outcome, entry, protocol) for protocol in study.protocols]
        if not any(cell.has_gain for cell in cells):
            yield Sentence("no_result", {"estimator": entry.id, "reason": cells[0].reason})


def selected_on_test_rows(run: Run) -> Iterator[Sentence]:
    """Yield that the protocol of the printed gains selects or fits on test rows."""
    study = run.manifest.study
    claims = run.rows(CLAIMS)
    names = {row.protocol for row in headline_claims(claims)} if claims else set()
    for protocol in study.protocols:
        if protocol.id in names and not protocol.keeps_test_rows_apart:
            yield Sentence("selected_on_test_rows", {"protocol": protocol.id})


def contradictions(run: Run) -> Iterator[Sentence]:
    """Yield that printed numbers cannot all be right, at all, or under assumptions that claims name."""
    wrong = [row for row in run.rows(CLAIMS) if row.status in (INCONSISTENT, ASSUMING)]

    def named(check: str, column: str) -> list[str]:
        return list(dict.fromkeys(getattr(row, column) for row in wrong if row.check == check))

    found = {
        "gains": named("ratio", "outcome"),
        "medians": named("partition", "outcome"),
        "moderators": named("units", "moderator"),
    }
    if any(found.values()):
        yield Sentence("printed_contradict", found)
    elif wrong:
        yield Sentence("printed_contradict_if")


def few_periods(run: Run) -> Iterator[Sentence]:
    """Yield that a protocol of the first screen tests few periods."""
    shown = {protocol.id for protocol in leading_protocols(run.manifest.study)}
    cells = (cell for outcome in run.manifest.study.outcomes for cell in Gains(run).cells(outcome))
    once = {cell.row.protocol for cell in cells if cell.row.inference == GIVEN_PERIODS}
    for protocol in run.manifest.study.protocols:
        if protocol.id in shown & once:
            tested = run.view(tested_periods).get(protocol.id, [])
            yield Sentence("few_periods", {"protocol": protocol.id, "periods": tested})


def few_entities(run: Run) -> Iterator[Sentence]:
    """Yield that there are few entities for intervals to rest on."""
    n_entities = run.manifest.data.n_entities
    if n_entities < debiased.FEW_ENTITIES:
        yield Sentence("few_in_all", {"n_entities": n_entities})


def weak_effects(run: Run) -> Iterator[Sentence]:
    """Yield what leaves the first debiased effect little to rest on."""
    for outcome in run.manifest.study.outcomes:
        for row in first_rows(run, outcome)[:1]:
            if row.share_left < debiased.LITTLE_LEFT:
                yield Sentence("little_left", {"share_left": row.share_left})
            if row.first_stage_f < debiased.WEAK:
                yield Sentence("weak_instruments", {"first_stage_f": row.first_stage_f})


def skewed(run: Run) -> Iterator[Sentence]:
    """Yield that a few rows make up most of every squared error."""
    yield from _notes(run, SKEW_CODE)


def _notes(run: Run, code: str) -> Iterator[Sentence]:
    for note in run.rows(WARNINGS, code=code):
        yield Sentence("of_note", {"about": note.where, "message": note.message})


# What makes every number mean something else comes before what makes some of them rough.
RULES = (
    *(leaks, refusals, selected_on_test_rows, contradictions),
    *(few_entities, few_periods, weak_effects, skewed),
)
