"""What a calibration found on panels with known truth: its rows, and its sentences as rows of findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.findings.checks import CHECKS
from harness.findings.finding import SourceNumbers, finding
from harness.findings.lines import POINTWISE, SIMULTANEOUS
from harness.findings.sentence import Estimate, EstimatorId, ProtocolId, Sentence, Share, WholeShare, Word
from harness.language import marked, rendered
from harness.record.manifest import Manifest, StudyRecord
from harness.tables.decision import ABOVE, BELOW, UNTESTED, Decision, decide
from harness.tables.findings import FindingRow
from harness.tables.table import NAN
from harness.text.numbers import percent, percent_interval
from harness.text.plain_text import capitalised, joined
from harness.text.render import Context, Texts

VERDICT = "gain"
GAIN = "gain established"
LOSS = "loss established"
CONDITIONAL_GAIN = "gain conditional on periods"

# Kinds of findings as ``findings.csv`` has them, in words.
KINDS: Mapping[str, str] = {
    VERDICT: marked("a gain"),
    "headline": marked("a headline effect"),
    "effect": marked("an effect"),
    "within_effect": marked("an effect within entities"),
    "did": marked("an average effect of treatment"),
    "impact": marked("a direct impact"),
    "mediation": marked("an indirect effect"),
    "model_curve": marked("a slope of a model's curve"),
    "nonlinearity": marked("a nonlinearity"),
    "interaction": marked("an interaction"),
    "turning_point": marked("a turning point"),
    "contrast": marked("a contrast"),
    "group_difference": marked("a difference between groups"),
    "sign_change": marked("a change of sign along a moderator"),
    "threshold": marked("a threshold"),
}

# Kinds that are there where the exposure has an effect.
OF_EXPOSURE = frozenset({"headline", "effect", "within_effect", "did", "impact", "model_curve"})


def band_finding(kind: str, band: str) -> str:
    """Return how it is called that a band of a curve holds the truth; a simultaneous one all of it."""
    return f"{kind} inside the {band} band" + (" everywhere" if band == SIMULTANEOUS else "")


# Kind of curve and of band by finding.
BANDS: Mapping[str, tuple[str, str]] = {
    band_finding(kind, band): (kind, band)
    for kind in ("level", "slope")
    for band in (POINTWISE, SIMULTANEOUS)
}


@dataclass(frozen=True)
class CalibrationRow:
    """How often one finding was made on panels with one true effect of the exposure.

    `protocol` is empty for `KINDS`, and the scenario's id for bands. `share` is of the panels, for pointwise
    bands the mean share of the curve; the limits are exact binomial ones. `nominal` is the share that is
    promised, of a gain the most; NaN where nothing is, as of a gain where the tested entities are known.
    `decision` is whether `share` is above or below it.
    """

    effect: float
    outcome: str
    estimator: str
    protocol: str
    finding: str
    share: float
    conf_low: float
    conf_high: float
    n_panels: int | None
    nominal: float = NAN
    decision: Decision = UNTESTED

    @property
    def is_off(self) -> bool:
        """Whether a band holds less than is promised, or a gain is found too often."""
        return self.decision == (BELOW if self.finding in BANDS else ABOVE)


@dataclass(frozen=True)
class FeatureRow:
    """One feature of errors: in the data, its mean and deviation over drawn panels, whether it is kept."""

    outcome: str
    feature: str
    fitted: float
    drawn: float
    drawn_sd: float
    is_kept: bool


@dataclass(frozen=True)
class Reduction:
    """An option that was not as in the study, so that it could be repeated: as it is there, and here."""

    part: str
    id: str
    option: str
    in_study: str
    here: str


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibration.

    Attributes
    ----------
    manifest : of the study that was repeated
    n_panels : that were drawn with each effect
    effects : true effects of the exposure, outcome units per unit of exposure; zero first
    limits : in (0, 1), nominal coverage of the limits of shares
    rows : of panels with any of the effects
    """

    manifest: Manifest
    n_panels: int
    effects: tuple[float, ...]
    limits: float
    rows: tuple[CalibrationRow, ...]
    features: tuple[FeatureRow, ...]
    reductions: tuple[Reduction, ...]

    @property
    def effect(self) -> float:
        """The true effect of the panels: the first."""
        return self.effects[0]

    def each(self) -> Iterator[Calibration]:
        """Yield the calibration with each of its effects alone."""
        for effect in self.effects:
            rows = tuple(row for row in self.rows if row.effect == effect)
            yield replace(self, effects=(effect,), rows=rows)

    def of(self, outcome: str, finding: str) -> tuple[CalibrationRow, ...]:
        """Return one finding on one outcome, in the order of the table."""
        return tuple(row for row in self.rows if (row.outcome, row.finding) == (outcome, finding))


def nominal_share(study: StudyRecord, finding: str, protocol: str) -> float:
    """Return the share that is promised: of bands that hold the truth, at most of gains that are none.

    NaN for what has no nominal rate. A gain where the tested entities are known is none that is not there.
    """
    if finding in BANDS:
        return study.level
    knowing = {entry.id for entry in study.protocols if entry.knows_entities}
    return (1.0 - study.level) / 2.0 if finding in {VERDICT, GAIN} and protocol not in knowing else NAN


def decide_share(share: float, low: float, high: float, nominal: float) -> Decision:
    """Return whether a share is above or below what is promised, by its limits."""
    return decide(share - nominal, low - nominal, high - nominal, by="interval")


@dataclass(frozen=True)
class EstimatorShare:
    """A share of panels of one estimator with its exact limits."""

    estimator: EstimatorId
    share: Estimate

    @classmethod
    def of(cls, row: CalibrationRow) -> EstimatorShare:
        """Return the share of a row."""
        return cls(row.estimator, Estimate(row.share, row.conf_low, row.conf_high))


@dataclass(frozen=True)
class KindFound(Sentence):
    """How often a kind of finding was significant.

    Attributes
    ----------
    is_true : whether the panels have such an effect, so that it is no error
    """

    kind: Word
    shares: tuple[EstimatorShare, ...]
    is_true: bool


@dataclass(frozen=True)
class ChecksPassed(Sentence):
    """How often all robustness checks of a slope passed."""

    what: Word
    shares: tuple[EstimatorShare, ...]


@dataclass(frozen=True)
class VerdictFound(Sentence):
    """How often the verdict over all protocols reported a gain over the reference."""

    reference: EstimatorId
    shares: tuple[EstimatorShare, ...]


@dataclass(frozen=True)
class GainFound(Sentence):
    """How often a gain under a single protocol was significant: of the estimator where most often.

    Attributes
    ----------
    nominal : the most that is promised, NaN where the tested entities are known and the gain is a true one
    """

    estimator: EstimatorId
    protocol: ProtocolId
    share: Estimate
    nominal: Share = NAN


@dataclass(frozen=True)
class SlopeMissed(Sentence):
    """How often a simultaneous band of a slope excluded the true one.

    Attributes
    ----------
    has_effect : whether the panels have an effect
    nominal : share that is promised
    """

    shares: tuple[EstimatorShare, ...]
    has_effect: bool
    nominal: WholeShare


@dataclass(frozen=True)
class CurveCovered(Sentence):
    """Which share of the true curve pointwise bands held, a mean over panels."""

    shares: tuple[EstimatorShare, ...]
    level: WholeShare


def calibration_findings(calibration: Calibration) -> Iterator[FindingRow]:
    """Yield every sentence of a calibration: how often what was found, in error or where it is there."""
    for panels in calibration.each():
        for outcome in panels.manifest.study.outcomes:
            yield from _findings(panels, outcome)


def _findings(calibration: Calibration, outcome: str) -> Iterator[FindingRow]:
    study, effect = calibration.manifest.study, f"{calibration.effect:g}"

    def row(kind: str, sentence: Sentence, *, most: CalibrationRow | None = None) -> FindingRow:
        estimate = Estimate(most.share, most.conf_low, most.conf_high) if most else Estimate(NAN, NAN, NAN)
        return finding(
            kind,
            sentence,
            outcome=outcome,
            subject={"effect": effect},
            about=effect,
            decision=most.decision if most else UNTESTED,
            numbers=SourceNumbers(estimate),
            estimator=most.estimator if most else "",
        )

    def shares(name: str) -> tuple[EstimatorShare, ...]:
        return tuple(map(EstimatorShare.of, calibration.of(outcome, name)))

    for kind, words in KINDS.items():
        if kind != VERDICT and (cells := shares(kind)):
            is_true = kind in OF_EXPOSURE and bool(calibration.effect)
            yield row(kind, KindFound(words, cells, is_true))
    for kind, words in CHECKS.items():
        if cells := shares(kind):
            yield row(kind, ChecksPassed(words, cells))
    if cells := shares(VERDICT):
        yield row(VERDICT, VerdictFound(study.reference, cells))
    hidden = {entry.id for entry in study.protocols if not entry.knows_entities}
    for kind, is_hidden in (("gain_new_entities", True), ("gain_known_entities", False)):
        rows = [one for one in calibration.of(outcome, GAIN) if (one.protocol in hidden) == is_hidden]
        if rows:
            most = max(rows, key=lambda one: one.share)
            share = EstimatorShare.of(most).share
            yield row(kind, GainFound(most.estimator, most.protocol, share, most.nominal), most=most)
    slope, level = band_finding("slope", SIMULTANEOUS), band_finding("level", POINTWISE)
    if cells := shares(slope):
        missed = tuple(replace(one, share=_complement(one.share)) for one in cells)
        yield row(slope, SlopeMissed(missed, bool(calibration.effect), 1.0 - study.level))
    if cells := shares(level):
        yield row(level, CurveCovered(cells, study.level))


def _complement(share: Estimate) -> Estimate:
    return Estimate(1.0 - share.value, 1.0 - share.high, 1.0 - share.low)


def share_text(share: Estimate) -> str:
    """Return "2.0% [0.1, 10.6]"."""
    return f"{percent(share.value)} {percent_interval(share.low, share.high)}".strip()


def _named(context: Context, message: str, shares: Sequence[EstimatorShare]) -> str:
    """Return the estimators of some shares, each in the words of a message."""
    label = context.study.estimator_label
    return joined(
        [context.filled(message, label=label(one.estimator), share=share_text(one.share)) for one in shares]
    )


IN = marked("{label} in {share}")
IN_PANELS = marked("{label} in {share} of panels")


def kind_text(context: Context, one: KindFound) -> str:
    """Return how often a kind of finding was significant."""
    what = capitalised(rendered(one.kind))
    if not one.is_true:
        what = context.filled("{what} where none exists", what=what)
    named = _named(context, IN, one.shares)
    return context.filled("{what} was significant for {named} of panels.", what=what, named=named)


def checks_text(context: Context, one: ChecksPassed) -> str:
    """Return how often all robustness checks passed."""
    named, what = _named(context, IN, one.shares), capitalised(rendered(one.what))
    return context.filled("{what}: {named} of panels.", what=what, named=named)


def verdict_text(context: Context, one: VerdictFound) -> str:
    """Return how often the verdict reported a gain."""
    return context.worded(
        "The verdict (all protocols with separate test rows, adjusted for multiple comparisons) reported a "
        "significant gain over {reference} for {named}.",
        one,
        named=_named(context, IN_PANELS, one.shares),
    )


def gain_text(context: Context, one: GainFound) -> str:
    """Return how often single gains were found, and whether they are errors."""
    share = share_text(one.share)
    if one.share.value == 0:
        most = context.filled("no estimator ({share} of panels)", share=share)
    else:
        most = context.worded("{estimator} under “{protocol}” ({share} of panels)", one, share=share)
    if one.nominal == one.nominal:
        return context.worded(
            "For entities not used in training there is no true gain. A gain under one protocol was "
            "significant most often for {most}; the nominal rate is at most {nominal}.",
            one,
            most=most,
        )
    return context.filled(
        "Where test entities also occur in training, recognising them yields a gain without any "
        "nonlinearity; it was found most often for {most}.",
        most=most,
    )


def slope_text(context: Context, one: SlopeMissed) -> str:
    """Return how often simultaneous bands of slopes excluded the truth."""
    other, none = marked("An effect other than the true one"), marked("An effect where none exists")
    return context.worded(
        "{what} was found by the simultaneous band of the slope: {named}; the nominal rate is {nominal}.",
        one,
        what=rendered(other if one.has_effect else none),
        named=_named(context, IN_PANELS, one.shares),
    )


def curve_text(context: Context, one: CurveCovered) -> str:
    """Return the share of the true curve that pointwise bands held."""
    label = context.study.estimator_label
    named = joined([f"{label(each.estimator)} {percent(each.share.value)}" for each in one.shares])
    return context.worded(
        "Mean share of the true net effect curve covered by the pointwise {level} bands: {named}.",
        one,
        named=named,
    )


TEXTS: Texts = {
    KindFound: kind_text,
    ChecksPassed: checks_text,
    VerdictFound: verdict_text,
    GainFound: gain_text,
    SlopeMissed: slope_text,
    CurveCovered: curve_text,
}
