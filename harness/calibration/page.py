"""The page of a calibration: what was found that is not there, in sentences and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.findings.checks import CHECKS
from harness.findings.lines import POINTWISE, SIMULTANEOUS
from harness.language import marked, pgettext, rendered, spoken, topic
from harness.record.manifest import Manifest
from harness.report.blocks import Bullets, Heading, Paragraph, Phrase, ReportBlock, SmallPrint, rich
from harness.report.page import PageSection, render_document
from harness.report.sections.record import provenance
from harness.report.table import ReportTable, TableCell, code_cell, record_table, text_column
from harness.report.translation import in_words
from harness.text.numbers import count, percent, percent_interval, plain, significant
from harness.text.plain_text import capitalised, joined

gettext = topic("calibration.page")


VERDICT = "gain"
GAIN = "gain established"
LOSS = "loss established"
P_VALUE = "p-value below 0.05"

# Kinds of findings as ``findings.csv`` has them, in words.
KINDS: Mapping[str, str] = {
    VERDICT: marked("a gain"),
    "effect": marked("an effect"),
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
    bands the mean share of the curve; the limits are exact binomial ones.
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

    def nominal(self, finding: str) -> float:
        """Return the share that is promised: of bands that hold the truth, or of gains that are none."""
        level = self.manifest.study.level
        return level if finding in BANDS else (1.0 - level) / 2.0

    def is_off(self, row: CalibrationRow) -> bool:
        """Return whether by the limits a band holds less than is promised, or a gain is found too often.

        A gain where the tested entities are known is none that is not there, so it is never off.
        """
        nominal = self.nominal(row.finding)
        if row.finding in BANDS:
            return row.conf_high < nominal
        knowing = {protocol.id for protocol in self.manifest.study.protocols if protocol.knows_entities}
        return row.finding in {VERDICT, GAIN} and row.protocol not in knowing and row.conf_low > nominal


# What the findings are, in the order of their groups.
HEADINGS: Mapping[str, str] = {
    VERDICT: marked("Significant gain in the verdict, all honest protocols together"),
    **{name: words for name, words in KINDS.items() if name != VERDICT},
    **CHECKS,
    GAIN: marked("Interval of a single gain above zero"),
    LOSS: marked("Interval of a single gain below zero"),
    P_VALUE: marked("P-value of a single gain below 0.05"),
    **dict.fromkeys(BANDS, marked("True {kind} within its {band} band")),
}

# Features of errors in words.
FEATURES: Mapping[str, str] = {
    "share_entity": marked("share of variance between entities"),
    "share_period": marked("share of variance between periods"),
    "share_remainder": marked("residual share of variance"),
    "autocorrelation": marked("autocorrelation within entities"),
    "correlation_between_entities": marked("correlation between entities within periods"),
    "kurtosis": marked("kurtosis"),
    "missing_rows": marked("share of missing observations"),
}


def calibration_page(found: Calibration, *, messages: Sequence[Path] = ()) -> str:
    """Return the page as one HTML document, in the language of the study; every name in it is escaped.

    Parameters
    ----------
    messages : folders of the plugins' catalogs
    """
    study = found.manifest.study
    with spoken(study.language, messages):
        own = replace(found, manifest=in_words(found.manifest))
        warning = gettext(
            "How often this study reports a finding where none exists. All outcomes here are "
            "simulated: no number describes the world."
        )
        head = (
            Paragraph((Phrase(gettext("SIMULATED OUTCOMES."), "strong"), f" {warning}"), "banner"),
            Paragraph(repeated(own)),
        )
        title = gettext("Calibration: {title}").format(title=study.title)
        return render_document(title, head, list(_sections(own)), language=study.language)


def _sections(found: Calibration) -> Iterator[PageSection]:
    yield PageSection("found", gettext("Findings"), tuple(found_blocks(found)))
    shares = [
        share_table(own, outcome, is_alone=len(found.effects) == 1)
        for own in found.each()
        for outcome in own.manifest.study.outcomes
    ]
    note = gettext(
        "Coloured: the limits exclude the nominal rate on the wrong side. For pointwise bands the "
        "share is the mean share of the supported curve; its limits treat each panel as covered "
        "wholly or not at all and are therefore wide. Gains where test entities also occur in "
        "training are not errors: the truth contains entity effects. Losses are not errors either: "
        "a flexible estimator can truly predict worse. Other findings count once per estimator. "
        "Numbers: calibration.csv; rates of false findings: error_rates.csv, which `harness run "
        "--calibrated` shows next to the findings of the study."
    )
    yield PageSection("shares", gettext("All rates"), (*shares, SmallPrint(rich(note))))
    note = gettext(
        "Entity effects and residuals change sign at random by entity, period shocks by period (as "
        "innovations of an AR(1)), so that variances, tails, serial correlation and common shocks "
        "are those of the data (two-way cluster bootstrap, Menzel 2021). Cross-sectional "
        "correlation beyond common shocks, for instance between neighbours, is not preserved. A "
        "feature counts as preserved if its mean over panels is within .05 of the data (kurtosis: "
        "10%), allowing for two standard errors. All numbers: calibration_features.csv."
    )
    kept = Bullets(tuple(kept_features(found)))
    yield PageSection(
        "kept", gettext("Features of the data that the panels preserve"), (kept, SmallPrint(note))
    )
    if found.reductions:
        note = gettext(
            "The rates refer to this simplified form. Fewer draws, steps and restarts make single "
            "findings less precise; rows, columns, estimators and protocols are those of the study."
        )
        blocks = (reduction_table(found.reductions), SmallPrint(note))
        yield PageSection("form", gettext("Simplifications"), blocks)
    command = Paragraph(Phrase(found.manifest.command, "code"))
    yield PageSection("reproduce", gettext("How to reproduce"), (command, provenance(found.manifest)))


def effect_heading(found: Calibration) -> str:
    """Return which effect the panels have."""
    if not found.effect:
        return gettext("No effect")
    study, words = found.manifest.study, gettext("An effect of {exposure} of {effect}")
    return words.format(exposure=study.label(study.exposure), effect=plain(found.effect))


def found_blocks(found: Calibration) -> Iterator[ReportBlock]:
    """Yield what was found on the panels with each true effect, outcome by outcome."""
    study = found.manifest.study
    for own in found.each():
        if len(found.effects) > 1:
            yield Heading(effect_heading(own))
        for outcome in study.outcomes:
            if len(study.outcomes) > 1:
                yield Heading(study.label(outcome), rank=4)
            yield Bullets((*findings(own, outcome), *band_sentences(own, outcome)))


def repeated(found: Calibration) -> str:
    """Return what was repeated and on what."""
    study, data = found.manifest.study, found.manifest.data
    some = gettext("an effect of {exposure} of {effect} per unit")
    none = gettext("no effect of {exposure} at all")
    exposure = study.label(study.exposure)
    truths = [
        (some if effect else none).format(exposure=exposure, effect=plain(effect)) for effect in found.effects
    ]
    form = gettext(" in a simplified form (table below)") if found.reductions else ""
    return gettext(
        "The study “{title}” was repeated{form} on {n_panels} panels{n_truths} with {truths}. Each "
        "panel has the rows and regressors of the data ({title_2}: {n_obs} rows, {n_entities} "
        "entities, {n_periods} periods). Its outcome is simulated from a linear model: the linear "
        "prediction of the other regressors plus entity effects, period shocks and residuals, each "
        "taken from the data with random signs. By construction there is no nonlinearity, no "
        "turning point and no difference between groups."
    ).format(
        title=study.title,
        form=form,
        n_panels=count(found.n_panels),
        n_truths=gettext(" each") if len(truths) > 1 else "",
        truths=joined(truths),
        title_2=data.title,
        n_obs=count(data.n_obs),
        n_entities=count(data.n_entities),
        n_periods=count(data.n_periods),
    )


def kept_features(found: Calibration) -> Iterator[str]:
    """Yield which features of the errors of the data the drawn panels have, a sentence an outcome."""
    lost = gettext("{feature} (data {fitted}, panels {drawn})")
    for outcome in found.manifest.study.outcomes:
        kept: list[str] = []
        changed: list[str] = []
        for row in found.features:
            if row.outcome == outcome:
                feature = rendered(FEATURES[row.feature])
                fitted, drawn = significant(row.fitted, 2), significant(row.drawn, 2)
                own = feature if row.is_kept else lost.format(feature=feature, fitted=fitted, drawn=drawn)
                (kept if row.is_kept else changed).append(own)
        having, losing = joined(kept), joined(changed)
        if kept or changed:
            yield gettext("{outcome}: preserved: {having}.{rest}").format(
                outcome=found.manifest.study.label(outcome),
                having=having or gettext("none"),
                rest=gettext(" Not preserved: {losing}.").format(losing=losing) if losing else "",
            )


def share_text(row: CalibrationRow) -> str:
    """Return "2.0% [0.1, 10.6]"."""
    return f"{percent(row.share)} {percent_interval(row.conf_low, row.conf_high)}".strip()


def _named(found: Calibration, words: str, rows: Iterable[CalibrationRow]) -> str:
    """Return the estimators of some shares, each in the words of a message."""
    label = found.manifest.study.estimator_label
    return joined([words.format(label=label(row.estimator), share=share_text(row)) for row in rows])


def findings(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield how often findings were made on one outcome: in error, or of an effect where there is one."""
    study = found.manifest.study
    for kind, words in KINDS.items():
        if kind != VERDICT and (rows := found.of(outcome, kind)):
            is_there = kind in {"effect", "model_curve"} and found.effect
            what = capitalised(rendered(words)) + ("" if is_there else gettext(" where none exists"))
            named = _named(found, gettext("{label} in {share}"), rows)
            yield gettext("{what} was significant for {named} of panels.").format(what=what, named=named)
    for kind, words in CHECKS.items():
        if rows := found.of(outcome, kind):
            named = _named(found, gettext("{label} in {share}"), rows)
            what = capitalised(rendered(words))
            yield gettext("{what}: {named} of panels.").format(what=what, named=named)
    if rows := found.of(outcome, VERDICT):
        named = _named(found, gettext("{label} in {share} of panels"), rows)
        yield gettext(
            "The verdict (all protocols with separate test rows, adjusted for multiple "
            "comparisons) reported a significant gain over {reference_label} for {named}."
        ).format(reference_label=study.reference_label, named=named)
    hidden = [protocol.id for protocol in study.protocols if not protocol.knows_entities]
    unknown = [row for row in found.of(outcome, GAIN) if row.protocol in hidden]
    known = [row for row in found.of(outcome, GAIN) if row.protocol not in hidden]
    if unknown:
        yield gettext(
            "For entities not used in training there is no true gain. The interval of a single "
            "gain lay above zero most often for {most}; the nominal rate is at most {nominal}."
        ).format(most=_most(found, unknown), nominal=percent(found.nominal(GAIN)))
    if known:
        yield gettext(
            "Where test entities also occur in training, recognising them yields a gain without "
            "any nonlinearity; it was found most often for {most}."
        ).format(most=_most(found, known))


def _most(found: Calibration, rows: Sequence[CalibrationRow]) -> str:
    most, study = max(rows, key=lambda row: row.share), found.manifest.study
    if most.share == 0:
        return gettext("no estimator ({share} of panels)").format(share=share_text(most))
    return gettext("{label} under “{protocol}” ({share} of panels)").format(
        label=study.estimator_label(most.estimator),
        protocol=study.protocol_title(most.protocol),
        share=share_text(most),
    )


def band_sentences(found: Calibration, outcome: str) -> Iterator[str]:
    """Yield how often simultaneous bands of slopes exclude the truth, and what pointwise bands hold."""
    level = found.manifest.study.level
    if rows := found.of(outcome, band_finding("slope", SIMULTANEOUS)):
        other = [
            replace(row, share=1.0 - row.share, conf_low=1.0 - row.conf_high, conf_high=1.0 - row.conf_low)
            for row in rows
        ]
        none, other_one = gettext("An effect where none exists"), gettext("An effect other than the true one")
        yield gettext(
            "{what} was found by the simultaneous band of the slope: {named}; the nominal rate is {promised}."
        ).format(
            what=other_one if found.effect else none,
            named=_named(found, gettext("{label} in {share} of panels"), other),
            promised=percent(1.0 - level, 0),
        )
    if rows := found.of(outcome, band_finding("level", POINTWISE)):
        label = found.manifest.study.estimator_label
        named = joined([f"{label(row.estimator)} {percent(row.share)}" for row in rows])
        yield gettext(
            "Mean share of the true net effect curve covered by the pointwise {level} bands: {named}."
        ).format(level=percent(level, 0), named=named)


def share_table(found: Calibration, outcome: str, *, is_alone: bool = True) -> ReportTable:
    """Return the shares of all findings on one outcome, with what is promised of each."""
    study = found.manifest.study
    names = dict.fromkeys([*HEADINGS, *(row.finding for row in found.rows if row.outcome == outcome)])
    what = pgettext("text.list", ", ").join(
        [study.label(outcome), *([] if is_alone else [effect_heading(found)])]
    )
    caption = gettext("{what}: share of {n_panels} panels, with exact binomial {limits} limits")
    return record_table(
        caption.format(what=what, n_panels=count(found.n_panels), limits=percent(found.limits, 0)),
        ((heading_of(name), found.of(outcome, name), _promised(found, name)) for name in names),
        (gettext("Estimator"), lambda row: study.estimator_label(row.estimator)),
        (
            text_column(gettext("Protocol")),
            lambda row: "" if row.finding in BANDS else study.protocol_title(row.protocol),
        ),
        (
            gettext("Share"),
            lambda row: TableCell(percent(row.share), look="worse" if found.is_off(row) else ""),
        ),
        (gettext("Limits"), lambda row: percent_interval(row.conf_low, row.conf_high)),
        (gettext("Nominal"), lambda _: ""),
        is_whole=True,
    )


def heading_of(finding: str) -> str:
    """Return the heading of a group; a finding that is not known has its own name."""
    words = rendered(HEADINGS.get(finding, finding))
    if finding in BANDS:
        kind, band = BANDS[finding]
        return words.format(kind=rendered(kind), band=rendered(band))
    if finding in KINDS and finding != VERDICT:
        return gettext("{words} significant").format(words=capitalised(words))
    return words


def _promised(found: Calibration, finding: str) -> str:
    nominal = percent(found.nominal(finding))
    if finding in BANDS:
        return nominal
    return gettext("at most {nominal}").format(nominal=nominal) if finding in {VERDICT, GAIN} else ""


def reduction_table(reductions: Sequence[Reduction]) -> ReportTable:
    """Return the options that are not as in the study."""
    return record_table(
        gettext("Options that differ from the study"),
        [("", reductions)],
        (gettext("Part"), lambda row: row.part),
        (text_column(gettext("Id")), lambda row: code_cell(row.id)),
        (text_column(gettext("Option")), lambda row: code_cell(row.option)),
        (gettext("Study"), lambda row: row.in_study),
        (gettext("Here"), lambda row: row.here),
        is_whole=True,
    )
