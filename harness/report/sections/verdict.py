"""The section of what the run says beyond the first screen: findings, and the effect by estimator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.findings.lines import POINTWISE, Curve, curves_of, leading_scenario
from harness.findings.run import Gains, Run
from harness.findings.table import OF_CLASSES
from harness.language import marked, rendered, topic
from harness.record.manifest import EstimatorRecord, StudyRecord
from harness.report import blocks as parts
from harness.report.blocks import Appendix, Paragraph, ReportBlock, tabs_of
from harness.report.sections.section import Section, featured
from harness.scenarios.curve.turning_points import significant_slopes
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow
from harness.tables.findings import ERROR_RATES, FINDINGS, ErrorRateRow, FindingRow
from harness.text import numbers
from harness.text.plain_text import capitalised, joined
from harness.text.render import Context, finding_label

gettext = topic("report.verdict")


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
    rows = run.rows(COEFFICIENTS, outcome=outcome, term=study.exposure)
    coefficients = {row.estimator: row for row in rows if row.is_done}
    found = []
    for entry in study.estimators:
        name, level = entry.id, levels.get(entry.id)
        curve = None if level is None else read_curve(level, slopes.get(name), supported.get(name))
        if curve is not None or name in coefficients:
            found.append(EffectReading(entry, coefficients.get(name), curve))
    return tuple(found)


def effect_table(run: Run, outcome: str, found: Sequence[EffectReading]) -> parts.ReportTable:
    """Return what every estimator says about the effect on one outcome.

    Changes are of the mean prediction over the supported range of the exposure; the last columns are shares
    of that range.
    """
    study, has_supported = run.manifest.study, any(one.has_supported for one in found)
    level = gettext("{level} interval").format(level=numbers.percent(study.level, 0))
    columns = [gettext("Estimator"), gettext("Coefficient\n(std. error)"), level]
    curve = next((one.curve for one in found if one.curve is not None), None)
    further: list[parts.TableColumn] = []
    if curve is not None:
        ends = {"low_at": numbers.plain(curve.low_at), "high_at": numbers.plain(curve.high_at)}
        supported = gettext("Change over\nsupported rows,\n{low_at} to {high_at}").format(**ends)
        over_all = gettext("Change of the curve\nover all rows,\n{low_at} to {high_at}").format(**ends)
        further = [parts.TableColumn(supported)] if has_supported else []
        further.append(parts.TableColumn(over_all, is_for_files=has_supported))
        further.append(parts.TableColumn(gettext("Slope's band\nabove zero")))
        further.append(parts.TableColumn(gettext("Slope's band\nbelow zero")))
    words = gettext("The effect of {exposure} on {label}, estimator by estimator")
    return parts.ReportTable(
        caption=words.format(exposure=study.axis_label(study.exposure), label=study.axis_label(outcome)),
        columns=parts.columns_of(*columns, *further),
        groups=parts.plain_rows(tuple(_effect_cells(one, has_supported=has_supported)) for one in found),
    )


def _effect_cells(one: EffectReading, *, has_supported: bool) -> Iterator[parts.Given]:
    row, curve = one.coefficient, one.curve
    yield one.estimator.label
    if row is None:
        yield from ("", "")
    else:
        decimals = numbers.decimals_for([row.std_error])
        error = f"({numbers.rounded(row.std_error, decimals)})"
        yield parts.TableCell(numbers.rounded(row.estimate, decimals), (error,))
        yield numbers.interval(row.conf_low, row.conf_high, decimals)
    if curve is not None:
        if has_supported:
            yield numbers.significant(curve.supported_change, 3) if one.has_supported else ""
        yield numbers.significant(curve.change, 3)
        yield from (
            numbers.percent(share, 0) if math.isfinite(share) else ""
            for share in (curve.rising, curve.falling)
        )


# Kinds of findings in words, those of calibrations among them.
RATED: Mapping[str, str] = {
    "gain": marked("gain for new entities"),
    "gain_forward": marked("gain over fixed effects, forward in time"),
    "gain_over_fixed_effects": marked("gain over fixed effects, same entities"),
    "headline": marked("headline effect"),
    "headline_staged_treatment": marked("average effect of a staged treatment"),
    "headline_instruments": marked("effect by instruments"),
    "headline_dynamics": marked("effect in a dynamic panel"),
    "headline_spatial_impacts": marked("direct or total impact"),
    "headline_mediation": marked("total effect, with mediators"),
    "headline_pooled": marked("pooled slope"),
    "primary_effect": marked("primary effect"),
    "secondary_effect": marked("secondary effect"),
    "within_effect": marked("slope within entities"),
    "effect": marked("debiased effect"),
    "did": marked("average effect of treatment"),
    "impact": marked("direct impact"),
    "mediation": marked("indirect effect"),
    "nonlinearity": marked("nonlinearity, test within entities"),
    "bend": marked("nonlinearity of a model's curve"),
    "model_curve": marked("slope of a model's curve"),
    "turning_point": marked("turning point"),
    "group_difference": marked("difference between groups"),
    "contrast": marked("contrast"),
    "interaction": marked("interaction"),
    "sign_change": marked("change of sign"),
    "threshold": marked("threshold"),
    "lowest_error": marked("lowest error for new entities, where another estimator is the best"),
    "caution": marked("caution that rests on an estimate, without cause"),
}

# Classes of estimators in words.
OF_CLASS: Mapping[str, str] = {
    "pooled": marked("pooled linear estimators"),
    "within": marked("estimators within entities"),
    "learner": marked("other estimators"),
}

# Findings that the table of an outcome lists; sections of accuracy and the first screen have the others.
LISTED = frozenset(
    {
        *("effect", "mediation", "nonlinearity", "model_curve", "turning_point", "group_difference"),
        *("contrast", "interaction", "sign_change", "threshold"),
    }
)

# Features of a panel's shape in words.
FEATURES: Mapping[str, str] = {
    "entities": marked("number of entities"),
    "periods": marked("number of periods"),
    "autocorrelation": marked("autocorrelation of residuals"),
    "tails": marked("tails of residuals"),
    "between": marked("share of the exposure's variance between entities"),
    "binary": marked("exposure with two values"),
}


def rate_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the error rates of the kinds of findings, the highest of all outcomes, or why there are none."""
    study, rates = run.manifest.study, run.rows(ERROR_RATES)
    made = {row.rate_of.rpartition("/")[2] for row in run.rows(FINDINGS)}
    if "gain_over_fixed_effects" in made and any(one.use == "forward" for one in study.protocols):
        made.add("gain_forward")
    highest: dict[tuple[str, str], ErrorRateRow] = {}
    # Of several outcomes the one with the highest limit; one that is untested comes before all.
    for row in sorted(rates, key=lambda row: (not row.outside, -row.conf_high)):
        if not (row.nearest or row.outside) or row.finding in made:
            highest.setdefault((row.estimator, row.finding), row)
    order = dict.fromkeys((row.estimator, row.finding) for row in rates)
    shown = [highest[key] for key in order if key in highest]
    if not shown:
        return
    names = dict.fromkeys(name for row in shown if row.outside for name in row.outside.split(", "))
    untested = gettext("untested")
    has_power = any(math.isfinite(row.power) for row in shown)
    powers = (
        (gettext("Found where it is true"), lambda row: numbers.percent(row.power, 0)),
        (gettext("Size there"), lambda row: numbers.plain(row.effect)),
    )
    yield parts.record_table(
        gettext(
            "How often such a sentence is false: share of simulated panels of this shape without an effect"
        ),
        [("", shown)],
        (gettext("Finding"), lambda row: _rated(run, row)),
        (gettext("False"), lambda row: untested if row.outside else numbers.percent(row.error_rate, 0)),
        (gettext("Upper 95 % limit"), lambda row: numbers.percent(row.conf_high, 0)),
        (gettext("Panels"), lambda row: numbers.count(row.n_panels or 0)),
        *(powers * has_power),
    )
    if has_power:
        words = gettext(
            "Sizes are standard deviations of the error, of a slope for one of the exposure within entities; "
            "of gains shares of the reference's error."
        )
        yield Paragraph(words, "note")
    if names:
        words = gettext(
            "Untested: no simulated panel on which such a sentence can be significant is like this one "
            "({features})."
        )
        yield Paragraph(words.format(features=joined([rendered(FEATURES[name]) for name in names])), "note")


def _rated(run: Run, row: ErrorRateRow) -> str:
    is_bend = row.finding == "nonlinearity" and row.estimator
    name, _, of_class = row.finding.rpartition("_")
    if name in OF_CLASSES and of_class in OF_CLASS:
        words = gettext("{finding}, {estimators}")
        kind = words.format(finding=rendered(RATED[name]), estimators=rendered(OF_CLASS[of_class]))
        return capitalised(kind)
    kind = capitalised(rendered(RATED["bend" if is_bend else row.finding]))
    if not row.estimator:
        return kind
    label = run.manifest.study.estimator_label(row.estimator)
    return gettext("{label}: {kind}").format(label=label, kind=kind)


def verdict_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield what the run says of every outcome, and in the appendix how to read gains."""
    study, gains = run.manifest.study, Gains(run)
    yield tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes)
    yield from rate_blocks(run)
    n_gains = sum(
        row.has_gain
        for over in (gains, *gains.further)
        for outcome in study.outcomes
        for row in over.rows(outcome)
    )
    if n_gains:
        yield Appendix((Paragraph(_how_to_read_gains(study, n_gains), "read-me"),))


def _outcome(run: Run, outcome: str) -> Iterator[ReportBlock]:
    text = other_gains(run, outcome)
    if text:
        yield Paragraph(text)
    rows = shown_findings(run, outcome)
    if rows:
        yield findings_table(run, outcome, rows)
    found = effects(run, outcome)
    if found:
        yield effect_table(run, outcome, found)


def other_gains(run: Run, outcome: str) -> str:
    """Return who predicts best under the protocols of which the first screen does not tell."""
    verdicts = run.rows(FINDINGS, outcome=outcome, code="gain_verdict", about=run.manifest.study.reference)
    return " ".join(row.text for row in verdicts if row.screen == "none")


def shown_findings(run: Run, outcome: str) -> tuple[FindingRow, ...]:
    """Return the debiased effects and tests, and what is significant of the estimators that are featured."""
    shown = {entry.id for entry in featured(run)}
    return tuple(
        row
        for row in run.rows(FINDINGS, outcome=outcome)
        if row.finding in LISTED and (not row.estimator or (row.is_established and row.estimator in shown))
    )


def findings_table(run: Run, outcome: str, rows: tuple[FindingRow, ...]) -> parts.ReportTable:
    """Return findings on one outcome: estimate, interval, and p-values as they are and adjusted."""
    study = run.manifest.study
    interval = gettext("{level} CI").format(level=numbers.percent(study.level, 0))
    heads = gettext("Finding"), gettext("Estimate"), interval, gettext("p"), gettext("Adjusted p")
    first, *others = heads
    return parts.ReportTable(
        caption=gettext("Findings on {outcome}").format(outcome=study.axis_label(outcome)),
        columns=parts.columns_of(parts.TableColumn(first, "text"), *others),
        groups=parts.plain_rows(_cells(run, row) for row in rows),
        notes=(gettext("Findings that are not significant: findings.csv."),),
    )


def _cells(run: Run, row: FindingRow) -> tuple[parts.Given, ...]:
    value, limits = ("", "")
    if math.isfinite(row.estimate):
        value, limits = numbers.estimate(row.estimate, row.conf_low, row.conf_high)
    p_values = (numbers.p_value(one) if math.isfinite(one) else "" for one in (row.p_value, row.p_adjusted))
    return (finding_label(row, run.manifest.study), value, limits, *p_values)


def _how_to_read_gains(study: StudyRecord, n_gains: int) -> str:
    size = 1.0 - study.level
    return Context(study).filled(
        "How to read this. Gain = 1 − MSE / MSE of the reference on the same rows: 20% is a mean squared "
        "error a fifth smaller. A gain is significant where its {level} interval excludes zero, the p-value "
        "adjusted for all gains of the outcome (Holm) is below {value}, and the gains of all folds have one "
        "sign. Intervals resample whole {entities} and hold the trained models fixed. If no estimator "
        "differed, about {n_gains_2} of the {n_gains} intervals would exclude zero by chance.",
        level=numbers.percent(study.level, 0),
        value=numbers.plain(size),
        n_gains=numbers.count(n_gains),
        n_gains_2=numbers.plain(round(size * n_gains, 2)),
    )


VERDICT_SECTION = Section("verdict", marked("What the run says"), 100, verdict_blocks)
