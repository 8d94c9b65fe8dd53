"""The section of what the run says: the sentences of its findings, and what estimators say of the effect."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.findings.gain import kind_of, nickell_caveat
from harness.findings.gains import Gains
from harness.findings.lines import POINTWISE, Curve, curves_of, leading_scenario
from harness.findings.run import Run
from harness.language import gettext, marked, pgettext
from harness.record.study import EstimatorRecord
from harness.report.blocks import NewSentences, Paragraph, Phrase, QualifiedPoints, ReportBlock, tabs_of
from harness.report.sections.section import Section, featured
from harness.report.table import (
    Given,
    RecordColumn,
    ReportTable,
    TableCell,
    TableColumn,
    columns_of,
    plain_rows,
    record_table,
)
from harness.scenarios.curve.turning_points import significant_slopes
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow
from harness.tables.effects import EFFECTS
from harness.tables.findings import ERROR_RATES, FINDINGS, ErrorRateRow, FindingRow
from harness.tables.preparation import WARNINGS
from harness.text import numbers
from harness.text.plain_text import capitalised, joined, sentences
from harness.text.sentences import MESSAGES

GAIN, LOWEST = "gain", "lowest_error"

# How kinds of findings are called, but for the underscores of the table.
KINDS = (
    *(marked("gain"), marked("effect"), marked("model curve"), marked("nonlinearity"), marked("interaction")),
    *(marked("turning point"), marked("contrast"), marked("group difference"), marked("sign change")),
    marked("threshold"),
)

# Kinds of findings in words, those of calibrations among them.
RATED: Mapping[str, str] = {
    "gain": marked("gain for new entities"),
    "gain_forward": marked("gain over fixed effects, forward in time"),
    "gain_over_fixed_effects": marked("gain over fixed effects, same entities"),
    "primary_effect": marked("primary effect"),
    "secondary_effect": marked("secondary effect"),
    "effect": marked("debiased effect"),
    "nonlinearity": marked("nonlinearity, test within entities"),
    "bend": marked("nonlinearity of a model's curve"),
    "model_curve": marked("slope of a model's curve"),
    "turning_point": marked("turning point"),
    "group_difference": marked("difference between groups"),
    "contrast": marked("contrast"),
    "interaction": marked("interaction"),
    "sign_change": marked("change of sign"),
    "threshold": marked("threshold"),
}

# Features of a panel's shape in words.
FEATURES: Mapping[str, str] = {
    "entities": marked("number of entities"),
    "periods": marked("number of periods"),
    "autocorrelation": marked("autocorrelation of residuals"),
    "tails": marked("tails of residuals"),
    "between": marked("share of the exposure's variance between entities"),
}


@dataclass(frozen=True)
class OutcomeVerdict:
    """The sentences on one outcome, as the table of findings has them.

    Attributes
    ----------
    headlines : the verdict over each reference
    caveats : what stands against the verdict over each reference, where anything does
    gains : a sentence for each estimator over the study's reference
    established : those of them that are
    known : what stands against gains and is no warning nor part of a verdict, each sentence once
    primary : the effect that the study declares, as `effects` have theirs; empty where it declares none
    effects : other debiased effects, and what is established of the curves, groups and moderators of the
        featured estimators, each with what a reader should know of it once, and why it is not established
    open : what is not established of these, kinds and numbers in one sentence; empty where all is
    """

    headlines: tuple[str, ...]
    caveats: tuple[str, ...]
    gains: tuple[str, ...]
    established: tuple[str, ...]
    known: tuple[str, ...]
    primary: tuple[tuple[str, str, str], ...]
    effects: tuple[tuple[str, str, str], ...]
    open: str


def verdict_of(run: Run, outcome: str) -> OutcomeVerdict:
    """Return the sentences on one outcome."""
    rows = [row for row in run.rows(FINDINGS) if row.outcome == outcome]
    verdicts = [row for row in rows if row.finding == GAIN and not row.estimator]
    reference = run.manifest.study.reference
    gains = [row for row in rows if row.finding == GAIN and row.estimator and row.about == reference]
    in_verdicts = {sentence for row in verdicts for sentence in sentences(row.text)}
    warned = {note.message for note in run.rows(WARNINGS)}
    shown = ["", *(entry.id for entry in featured(run))]
    effects = [row for row in rows if row.finding not in {GAIN, LOWEST} and row.estimator in shown]
    general = (
        *(nickell_caveat(run, outcome), gettext(MESSAGES["of_a_model"])),
        *(row.assumption for row in run.rows(EFFECTS)),
    )
    # Sentences that are no reasons: what is assumed, and what holds for all effects of the outcome.
    no_reasons = frozenset(part for text in general for part in sentences(text))
    return OutcomeVerdict(
        headlines=tuple(row.text for row in verdicts),
        caveats=tuple(row.caveats for row in verdicts if row.caveats),
        gains=tuple(row.text for row in gains),
        established=tuple(row.text for row in gains if row.is_established),
        known=tuple(
            dict.fromkeys(
                sentence
                for row in gains
                for sentence in sentences(row.caveats)
                if sentence not in in_verdicts and not any(message in sentence for message in warned)
            )
        ),
        primary=tuple((row.text, *_qualified(row, no_reasons)) for row in rows if row.is_primary),
        effects=tuple(
            (row.text, *_qualified(row, no_reasons))
            for row in effects
            if (row.is_established or not row.estimator) and not row.is_primary
        ),
        open=_open(row for row in effects if row.estimator and not row.is_established),
    )


def _qualified(row: FindingRow, no_reasons: frozenset[str]) -> tuple[str, str]:
    """Return the caveats of a finding, and separately the reasons for which it is not established."""
    if row.is_established:
        return row.caveats, ""
    parts = sentences(row.caveats)
    return (
        " ".join(part for part in parts if part in no_reasons),
        " ".join(part for part in parts if part not in no_reasons),
    )


def _open(rows: Iterable[FindingRow]) -> str:
    """Return what is not established, by kind; that it is not there does not follow."""
    kinds = [
        gettext("{kind} ({number})").format(kind=kind, number=number) if number > 1 else kind
        for kind, number in Counter(gettext(row.finding.replace("_", " ")) for row in rows).items()
    ]
    words = gettext("Not established, rows of findings.csv: {kinds}.")
    return words.format(kinds=joined(kinds)) if kinds else ""


def rate_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the error rates of the kinds of findings, the highest of all outcomes, or why there are none."""
    study, rates = run.manifest.study, run.rows(ERROR_RATES)
    made = {kind_of(row, study) for row in run.rows(FINDINGS)}
    if "gain_over_fixed_effects" in made and any(one.use == "forward" for one in study.protocols):
        made.add("gain_forward")
    outside = {row.outcome: row.outside for row in rates if row.outside}
    if outside:
        names = dict.fromkeys(name for features in outside.values() for name in features.split(", "))
        words = gettext(
            "No error rates of {outcomes}: the panel lies outside the simulated shapes ({features})."
        )
        features = joined([gettext(FEATURES[name]) for name in names])
        yield Paragraph(
            words.format(outcomes=joined([*map(study.label, outside)]), features=features), "note"
        )
    highest: dict[tuple[str, str], ErrorRateRow] = {}
    for row in sorted(rates, key=lambda row: -row.conf_high):
        if not row.outside and (not row.nearest or row.finding in made):
            highest.setdefault((row.estimator, row.finding), row)
    shown = [
        highest[key] for key in dict.fromkeys((row.estimator, row.finding) for row in rates) if key in highest
    ]
    if not shown:
        return
    columns: list[RecordColumn[ErrorRateRow]] = [
        RecordColumn(gettext("Finding"), cell=lambda row: _rated(run, row)),
        RecordColumn(gettext("False"), cell=lambda row: numbers.percent(row.error_rate, 0)),
        RecordColumn(gettext("Upper 95 % limit"), cell=lambda row: numbers.percent(row.conf_high, 0)),
    ]
    if any(math.isfinite(row.power) for row in shown):
        found = gettext("Found where it is true")
        columns.append(RecordColumn(found, cell=lambda row: numbers.percent(row.power, 0)))
    caption = gettext(
        "How often such a sentence is false: share of simulated panels of this shape without an effect"
    )
    yield record_table(caption, columns, shown)


def _rated(run: Run, row: ErrorRateRow) -> str:
    is_bend = row.finding == "nonlinearity" and row.estimator
    kind = capitalised(gettext(RATED["bend" if is_bend else row.finding]))
    if not row.estimator:
        return kind
    label = run.manifest.study.estimator_label(row.estimator)
    return gettext("{label}: {kind}").format(label=label, kind=kind)


@dataclass(frozen=True)
class CurveReading:
    """The supported part of a net effect curve in a few numbers.

    Attributes
    ----------
    low_at, high_at : lowest and highest exposure that the data support, its unit
    change : mean predicted outcome at `high_at` less that at `low_at`, outcome units
    supported_change : the same of the curve over supported rows; NaN where there is none at both
    rising, falling : share of the supported grid points at which the slope and its band lie above, below
        zero; NaN where there is no band
    """

    low_at: float
    high_at: float
    change: float
    supported_change: float
    rising: float
    falling: float


@dataclass(frozen=True)
class EffectReading:
    """One estimator on the effect of the exposure on one outcome.

    Attributes
    ----------
    coefficient : of the exposure, or None where the estimator has none
    curve : reading of its net effect curve, or None where it has none
    """

    estimator: EstimatorRecord
    coefficient: CoefficientRow | None
    curve: CurveReading | None

    @property
    def has_supported(self) -> bool:
        """Whether its curve over supported rows reaches both ends of the range."""
        return self.curve is not None and math.isfinite(self.curve.supported_change)


def read_curve(level: Curve, slope: Curve | None, supported: Curve | None) -> CurveReading | None:
    """Return what a curve and its slope say on the supported grid points; None with fewer than two."""
    positions = np.flatnonzero(level.supported)
    if positions.size < 2:
        return None
    first, last = positions[0], positions[-1]
    rising = falling = math.nan
    if slope is not None and (band := slope.band(POINTWISE)) is not None and slope.supported.any():
        least = level.rounding_slope
        steep = significant_slopes(slope.estimate, band.low - least, band.high + least)[slope.supported]
        rising, falling = float((steep > 0).mean()), float((steep < 0).mean())
    change, supported_change = (
        math.nan if curve is None else float(curve.estimate[last] - curve.estimate[first])
        for curve in (level, supported)
    )
    return CurveReading(
        float(level.at[first]), float(level.at[last]), change, supported_change, rising, falling
    )


def effects(run: Run, outcome: str) -> tuple[EffectReading, ...]:
    """Return what each estimator that says anything says about the effect on one outcome.

    Curves are those of the first scenario that has any over the study's exposure.
    """
    study, scenario = run.manifest.study, leading_scenario(run)
    levels, slopes, supported = (
        {curve.estimator: curve for curve in curves_of(run, outcome, scenario, kind)}
        for kind in ("level", "slope", "level_supported")
    )
    coefficients = {
        row.estimator: row
        for row in run.rows(COEFFICIENTS)
        if row.is_done and row.outcome == outcome and row.term == study.exposure
    }
    found = []
    for entry in study.estimators:
        name, level = entry.id, levels.get(entry.id)
        curve = None if level is None else read_curve(level, slopes.get(name), supported.get(name))
        if curve is not None or name in coefficients:
            found.append(EffectReading(entry, coefficients.get(name), curve))
    return tuple(found)


def verdict_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the verdict on every outcome, and how to read it."""
    study, gains = run.manifest.study, Gains(run)
    verdicts = {outcome: verdict_of(run, outcome) for outcome in study.outcomes}
    found = {outcome: effects(run, outcome) for outcome in study.outcomes}
    left_open = {verdict.open for verdict in verdicts.values()}
    is_alike = len(left_open) == 1
    yield tabs_of(
        (study.label(outcome), _outcome(run, outcome, verdict, found[outcome], is_alike=is_alike))
        for outcome, verdict in verdicts.items()
    )
    if is_alike and left_open != {""}:
        alike = [gettext("So for every outcome.")] if len(study.outcomes) > 1 else []
        yield Paragraph(" ".join([left_open.pop(), *alike]))
    yield from rate_blocks(run)
    if any(found.values()):
        yield Paragraph(_how_to_read_effects(run, [one for own in found.values() for one in own]), "note")
    n_gains = sum(
        cell.has_gain
        for over in (gains, *gains.further)
        for outcome in study.outcomes
        for cell in over.cells(outcome)
    )
    if n_gains:
        yield Paragraph(_how_to_read_gains(study.level, n_gains), "read-me")


def _outcome(
    run: Run, outcome: str, verdict: OutcomeVerdict, found: Sequence[EffectReading], *, is_alike: bool
) -> Iterator[ReportBlock]:
    label = run.manifest.study.label(outcome)
    if verdict.primary:
        yield Paragraph(Phrase(gettext("Primary effect, declared before anything was seen:"), "strong"))
        yield QualifiedPoints(verdict.primary)
    for position, sentence in enumerate(verdict.headlines):
        yield NewSentences(sentence, "verdict", label, topic=position)
    yield from map(NewSentences, verdict.caveats)
    yield from map(Paragraph, verdict.established)
    yield from map(NewSentences, verdict.known)
    if verdict.effects:
        yield Paragraph(gettext("Secondary findings, none declared beforehand:"))
        yield QualifiedPoints(verdict.effects)
    if verdict.open and not is_alike:
        yield Paragraph(verdict.open)
    if found:
        yield effect_table(run, outcome, found)


def effect_table(run: Run, outcome: str, found: Sequence[EffectReading]) -> ReportTable:
    """Return what every estimator says about the effect on one outcome.

    Changes are of the mean prediction over the supported range of the exposure; the last columns are shares
    of that range.
    """
    study, has_supported = run.manifest.study, any(one.has_supported for one in found)
    level = gettext("{level} interval").format(level=numbers.percent(study.level, 0))
    columns = [gettext("Estimator"), gettext("Coefficient\n(std. error)"), level]
    curve = next((one.curve for one in found if one.curve is not None), None)
    further: list[TableColumn] = []
    if curve is not None:
        ends = {"low_at": numbers.plain(curve.low_at), "high_at": numbers.plain(curve.high_at)}
        supported = gettext("Change over\nsupported rows,\n{low_at} to {high_at}").format(**ends)
        over_all = gettext("Change of the curve\nover all rows,\n{low_at} to {high_at}").format(**ends)
        further = [TableColumn(supported)] if has_supported else []
        further.append(TableColumn(over_all, is_for_files=has_supported))
        further.append(TableColumn(gettext("Slope's band\nabove zero")))
        further.append(TableColumn(gettext("Slope's band\nbelow zero")))
    words = gettext("The effect of {exposure} on {label}, estimator by estimator")
    return ReportTable(
        caption=words.format(exposure=study.axis_label(study.exposure), label=study.axis_label(outcome)),
        columns=columns_of(*columns, *further),
        groups=plain_rows(tuple(_cells(one, has_supported=has_supported)) for one in found),
    )


def _cells(one: EffectReading, *, has_supported: bool) -> Iterator[Given]:
    row, curve = one.coefficient, one.curve
    yield one.estimator.label
    if row is None:
        yield from ("", "")
    else:
        decimals = numbers.decimals_for([row.std_error])
        error = f"({numbers.rounded(row.std_error, decimals)})"
        yield TableCell(numbers.rounded(row.estimate, decimals), (error,))
        yield numbers.interval(row.conf_low, row.conf_high, decimals)
    if curve is not None:
        if has_supported:
            yield numbers.significant(curve.supported_change, 3) if one.has_supported else ""
        yield numbers.significant(curve.change, 3)
        yield from (
            numbers.percent(share, 0) if math.isfinite(share) else ""
            for share in (curve.rising, curve.falling)
        )


def _how_to_read_effects(run: Run, found: Sequence[EffectReading]) -> str:
    study = run.manifest.study
    text = gettext("A coefficient is the whole effect only where the exposure enters alone and linearly")
    if not any(one.curve for one in found):
        return text + pgettext("end", ".")
    text += gettext(
        "; the curve is the effect as the estimator predicts it. Change: from the lowest to the highest "
        "supported {exposure}"
    ).format(exposure=study.label(study.exposure))
    if any(one.has_supported for one in found):
        text += gettext(
            ", moved by those rows alone that have others near them; over all rows, in the CSV, the others "
            "are extrapolated"
        )
    return text + gettext(
        ". Last columns: the share of the supported range on which both the slope and its pointwise band lie "
        "there."
    )


def _how_to_read_gains(level: float, n_gains: int) -> str:
    return gettext(
        "How to read this. Gain = 1 − MSE / MSE of the reference on the same rows: 20% is a mean squared "
        "error a fifth smaller, a negative gain a larger one. A single gain is established where its "
        "{level} interval excludes zero, the p-values that allow for all gains of the outcome (Holm), for "
        "picking the best estimator and for the overlap of splits are below {value}, and the gains of all "
        "folds have the same sign; in the verdict an estimator's gain is, only where that holds under every "
        "protocol that keeps test rows apart from fitting, selecting and preparing. Intervals resample "
        "whole entities and hold the trained models fixed. If no estimator differed, about {n_gains_2} of "
        "the {n_gains} intervals would exclude zero by chance."
    ).format(
        level=numbers.percent(level, 0),
        value=numbers.plain(1.0 - level),
        n_gains=numbers.count(n_gains),
        n_gains_2=numbers.plain(round((1.0 - level) * n_gains, 2)),
    )


VERDICT_SECTION = Section("verdict", marked("What the run says"), 100, verdict_blocks)
