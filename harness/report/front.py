"""The first screen of the report: what the run says of each outcome, what to read first, and figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats
from harness.findings import lines as run_lines
from harness.findings.rules.caution import headline_claims
from harness.findings.rules.within import coefficient_slopes
from harness.findings.run import Gains, Run, leading_protocols
from harness.findings.sentence import Estimate
from harness.language import marked, rendered, topic
from harness.record.manifest import DataRecord, ProtocolRecord, StudyRecord
from harness.report.blocks import Picture, ReportFigure
from harness.report.drawing import canvas
from harness.report.drawing.canvas import drawable, drawable_label, drawable_lines
from harness.report.drawing.forest import cut_limits, numbers_text, plot_forest, plot_whisker, zero_axis
from harness.report.drawing.lines import plot_background, plot_truth, series_of, truth_entry
from harness.report.drawing.palette import METHOD_STYLES, PLAIN_STYLE, Whisker
from harness.report.sections.accuracy import gain_caption, gain_whisker
from harness.report.sections.effect_rows import centred, effects_of
from harness.report.sections.section import featured
from harness.scenarios.effect.scenario import TRUE_SLOPES
from harness.tables.claims import CLAIMS, ClaimRow
from harness.tables.effects import EFFECTS, SLOPES, EffectRow
from harness.tables.gain import GAIN, GainRow
from harness.tables.table import NAN
from harness.text.numbers import count, percent
from harness.text.plain_text import capitalised, file_slug, joined, listed, shortened
from harness.text.render import Context, entities
from harness.text.scale import changed, scaled, scaled_estimate, step_text, unit_of
from harness.text.screen import first_screen, labelled

gettext = topic("report.front")


@dataclass(frozen=True, eq=False)
class FrontOutcome:
    """One outcome: its label, what the run says of it, and figures of gains, the curve and effects.

    Attributes
    ----------
    texts : what each text is about, with the text
    """

    label: str
    texts: tuple[tuple[str, str], ...]
    figures: tuple[ReportFigure, ...]


@dataclass(frozen=True)
class HeadlineTable:
    """Published gains next to those of the run: heads, and a row of texts for each."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Front:
    """The first screen.

    Attributes
    ----------
    shape : of the panel, on one line
    cautions : what to read first
    headline : the published gains that head the study; None without any
    """

    shape: str
    cautions: tuple[str, ...]
    headline: HeadlineTable | None
    outcomes: tuple[FrontOutcome, ...]

    @property
    def captions(self) -> str:
        """What the figures of every outcome show."""
        return " ".join(dict.fromkeys(figure.caption for own in self.outcomes for figure in own.figures))

    @property
    def figures(self) -> tuple[ReportFigure, ...]:
        """Every figure of the first screen."""
        return tuple(figure for own in self.outcomes for figure in own.figures)


def front_of(run: Run, *, pictures: Sequence[Picture] = ()) -> Front:
    """Return the first screen of a run, its figures printed.

    Parameters
    ----------
    pictures : kinds of files of every figure next to the SVG
    """
    study = run.manifest.study
    rows, shown = tuple(headline(run)) if run.rows(CLAIMS) else (), first_screen(run)
    with canvas.house_style():
        outcomes = tuple(
            FrontOutcome(study.label(one.outcome), labelled(one, study), _figures(run, one.outcome))
            for one in shown.outcomes
        )
        table = headline_table(study, rows) if rows and has([row.here for row in rows]) else None
        front = Front(
            shape(study, run.manifest.data), tuple(row.text for row in shown.cautions), table, outcomes
        )
        for figure in front.figures:
            canvas.finish(figure, is_simulated=run.manifest.data.simulated, pictures=pictures)
    return front


def _figures(run: Run, outcome: str) -> tuple[ReportFigure, ...]:
    gains = Gains(run)
    found = (
        front_gains(gains, outcome) if gains.candidates else None,
        front_curve(run, outcome),
        front_effects(run, outcome),
    )
    return tuple(figure for figure in found if figure is not None)


def shape(study: StudyRecord, data: DataRecord) -> str:
    """Return the shape of the panel on one line."""
    words = gettext(
        "{n_entities} {entities} × {n_periods} periods ({first_period} to {last_period}), {n_obs} rows"
    )
    if data.n_read is not None and data.n_read > data.n_obs:
        words = gettext(
            "{n_entities} {entities} × {n_periods} periods ({first_period} to "
            "{last_period}), {n_obs} of {n_read} rows, {n_lost} left out"
        )
    n_entities, n_periods, n_obs = map(count, (data.n_entities, data.n_periods, data.n_obs))
    return words.format(
        n_entities=n_entities,
        n_periods=n_periods,
        n_obs=n_obs,
        n_read=count(data.n_read),
        n_lost=count((data.n_read or data.n_obs) - data.n_obs),
        first_period=data.first_period,
        last_period=data.last_period,
        entities=entities(study),
    )


@dataclass(frozen=True)
class HeadlineRow:
    """A published gain next to those of this run, fractions; NaN for one that the run does not have.

    Attributes
    ----------
    claim : the published gain
    here : the same estimator under the same protocol
    further : another reference, such as fixed effects, under that protocol
    new : the same estimator for entities not used in training
    """

    claim: ClaimRow
    here: float
    further: float
    new: float


def headline(run: Run) -> Iterator[HeadlineRow]:
    """Yield each published gain that heads the study, with the gains of this run."""
    study = run.manifest.study
    gains = {
        (row.outcome, row.protocol, row.sample, row.reference, row.estimator): row.gain
        for row in run.rows(GAIN)
        if row.is_done
    }
    known = {entry.id for entry in study.estimators}
    for row in (row for row in headline_claims(run.rows(CLAIMS)) if row.estimator in known):
        name = further_reference(study, row)
        further = gains.get((row.outcome, row.protocol, row.sample, row.reference, name), NAN)
        yield HeadlineRow(row, row.this_run, further, row.counterpart)


def further_reference(study: StudyRecord, claim: ClaimRow) -> str:
    """Return the first further reference that a published gain is neither of nor over; empty without one."""
    others = (name for name in study.further_references if name not in (claim.estimator, claim.reference))
    return next(others, "")


def has(values: Sequence[float]) -> bool:
    """Return whether any of several numbers is there."""
    return any(map(math.isfinite, values))


def headline_table(study: StudyRecord, rows: Sequence[HeadlineRow]) -> HeadlineTable:
    """Return published gains as printed, under the same protocol here, and for entities not used in training.

    Columns without a number are left out.
    """
    context, first = Context(study, estimator=rows[0].claim.estimator), rows[0].claim
    further = study.estimator_label(further_reference(study, first))
    columns = [
        (gettext("Printed gain"), [row.claim.published for row in rows]),
        (context.filled("{estimator} here, same protocol"), [row.here for row in rows]),
        (gettext("{further}, same protocol").format(further=further), [row.further for row in rows]),
        (
            Context(study, estimator=first.counterpart_estimator).filled(
                "{estimator} for {entities} not used in training"
            ),
            [row.new for row in rows],
        ),
    ]
    shown = [(head, gains) for head, gains in columns if has(gains)]
    labels = [study.label(row.claim.outcome) for row in rows]
    gain = gettext("Gain over {reference_label}").format(
        reference_label=study.estimator_label(first.reference)
    )
    cells = zip(labels, *([percent(one) for one in gains] for _, gains in shown), strict=True)
    return HeadlineTable((gain, *(head for head, _ in shown)), tuple(cells))


PALE = "#bdbdbd"

# Protocols whose gains stand in pale grey next to those of the columns.
PUBLISHED = "as_published"

# Characters on a line of an estimator's name, where it has two lines and where it has one, and of a title
# of a protocol over the panels that these leave; inches of such a row.
LABEL, LONG_LABEL = 20, 24
TITLE, LOW_TITLE = 20, 12
TALL, LOW = 0.28, 0.17

# Room is for so many rows at least; with more than the latter, rows are low.
LEAST_ROWS, MOST_TALL = 3, 8

# Whom the gains of a column are for, as the sentences say, by whether training knows the tested entities, and
# which periods are tested.
WHOM: Mapping[tuple[bool, str], str] = {
    (False, "known"): marked("New {entities}", code="for_new_entities"),
    (True, "later"): marked("Later periods"),
    (False, "later"): marked("New {entities}, later periods", code="for_new_entities_in_later_periods"),
    (True, "other"): marked("Other periods"),
    (False, "other"): marked("New {entities}, other periods", code="for_new_entities_in_other_periods"),
    (True, "known"): marked("Other rows of the same {entities}", code="for_other_rows_of_the_same_entities"),
}

# Characters on a line of the label of effects.
X_LABEL = 46

# Colour and dashes of the debiased curve, which no estimator's line has.
PURPLE, DASHES = "#7b3294", (0, (3, 1))

# Characters of a name in the legend of curves, where it has a column alone.
LEGEND_LABEL = 44


def published_protocol(study: StudyRecord) -> ProtocolRecord | None:
    """Return the protocol of published comparisons, drawn in pale grey; None where it is a column."""
    found = (protocol for protocol in study.protocols if protocol.use == PUBLISHED)
    return next((protocol for protocol in found if protocol not in leading_protocols(study)), None)


def front_gains(gains: Gains, outcome: str) -> ReportFigure:
    """Return the figure of the leading gains of one outcome over the study's reference."""
    study = gains.run.manifest.study
    pale = published_protocol(study)
    leading = leading_protocols(study)
    columns = joined([f"“{protocol.title}”" for protocol in leading])
    message = gettext("Gain of each estimator in predicting {outcome} under {columns}, with intervals.")
    grey = gettext(" Faint grey: “{title}”.").format(title=pale.title) if pale else ""
    panels = [(protocol.title, _gain_whiskers(gains, outcome, protocol)) for protocol in leading]
    return ReportFigure(
        f"front-gains-{file_slug(outcome)}",
        plot_front_gains(gains, outcome),
        alt=f"{message.format(outcome=study.label(outcome), columns=columns)} {numbers_text(panels)}",
        caption=gettext("Columns: {columns}. ").format(columns=columns) + gain_caption(study) + grey,
    )


def plot_front_gains(gains: Gains, outcome: str) -> Figure:
    """Return the figure of one outcome; rows are all estimators but the reference, columns protocols."""
    study, candidates = gains.run.manifest.study, gains.candidates
    columns, pale = leading_protocols(study), published_protocol(study)
    published = [gains.row(outcome, entry.id, pale.id) for entry in candidates] if pale else []
    n_rows, is_crowded = max(LEAST_ROWS, len(candidates)), len(candidates) > MOST_TALL
    figure = canvas.new_figure(canvas.SINGLE_COLUMN, 0.8 + n_rows * (LOW if is_crowded else TALL))
    panels = figure.subplots(1, len(columns), sharex=True, sharey=True, squeeze=False)[0]
    shown = [_gain_whiskers(gains, outcome, protocol) for protocol in columns]
    marks = _gain_whiskers(gains, outcome, pale) if pale else []
    start, end = cut_limits(
        [number for column in (*shown, marks) for one in column for number in one.numbers]
    )
    for axes, protocol, column in zip(panels, columns, shown, strict=True):
        whom = Context(study).filled(WHOM[protocol.knows_entities, protocol.tested_periods])
        title = drawable_lines(whom, LOW_TITLE if is_crowded else TITLE)
        axes.set_title(title, loc="left", fontsize=8)
        _plot_column(axes, column, published, start=start)
    labels = [
        drawable(shortened(entry.label, LONG_LABEL)) if is_crowded else drawable_lines(entry.label, LABEL)
        for entry in candidates
    ]
    panels[0].set_yticks(range(len(candidates)), labels, linespacing=1.0)
    panels[0].set_ylim(len(candidates) - 0.4, -0.6)
    panels[0].set_xlim(start, end)
    panels[0].xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    words = gettext("Gain over {reference_label} (%)")
    figure.supxlabel(drawable(words.format(reference_label=shortened(study.reference_label, 24))), fontsize=8)
    return figure


def _gain_whiskers(gains: Gains, outcome: str, protocol: ProtocolRecord) -> list[Whisker]:
    """Return the gains of all estimators but the reference under a protocol."""
    return [
        gain_whisker(entry.label, gains.row(outcome, entry.id, protocol.id)) for entry in gains.candidates
    ]


def _plot_column(axes: Axes, shown: Sequence[Whisker], published: Sequence[GainRow], *, start: float) -> None:
    zero_axis(axes)
    for height, row in enumerate(published):
        if row.has_gain and 100 * row.gain >= start:
            # Above the white boxes behind the numbers of losses beyond the axis.
            axes.plot(100 * row.gain, height + 0.28, marker="o", color=PALE, markersize=3.5, zorder=3.5)
    for height, whisker in enumerate(shown):
        plot_whisker(axes, whisker, height, start=start)


class DebiasedShape(NamedTuple):
    """A debiased effect as a line over the exposure, less its mean over the rows; each (n_grid,).

    Attributes
    ----------
    at : the exposure's unit, increasing
    estimate, low, high : the outcome's unit, limits pointwise
    """

    at: Floats
    estimate: Floats
    low: Floats
    high: Floats


def front_curve(run: Run, outcome: str) -> ReportFigure | None:
    """Return the figure of the curves of one outcome; None where no estimator has one."""
    study, curves = run.manifest.study, leading_curves(run, outcome)
    if not curves:
        return None
    names = listed(study.estimator_label(curve.estimator) for curve in curves)
    exposure, label = study.label(study.exposure), study.label(outcome)
    words = gettext("Net effect curve of {exposure} on {outcome}: {names}.")
    level = percent(study.level, 0)
    return ReportFigure(
        f"front-curve-{file_slug(outcome)}",
        plot_front_curve(run, outcome, curves),
        alt=words.format(exposure=exposure, outcome=label, names=names),
        caption=gettext("Curves less their means over the rows, pointwise {level} bands.").format(
            level=level
        ),
    )


def leading_curves(run: Run, outcome: str) -> tuple[run_lines.Curve, ...]:
    """Return the curves of the reference, then of the leading estimator, as far as they have any."""
    study, scenario = run.manifest.study, run_lines.leading_scenario(run)
    if not scenario:
        return ()
    shown = [study.reference, *(entry.id for entry in featured(run) if entry.id != study.reference)][:2]
    found = {curve.estimator: curve for curve in run_lines.curves_of(run, outcome, scenario, "level")}
    return tuple(found[name] for name in shown if name in found)


def plot_front_curve(run: Run, outcome: str, curves: Sequence[run_lines.Curve]) -> Figure:
    """Return curves, a debiased one and the truth, each less its mean over the rows; bands are pointwise."""
    study, scenario = run.manifest.study, curves[0].scenario
    rug = run_lines.rug_of(run, scenario)
    figure = canvas.new_figure(canvas.SINGLE_COLUMN, 2.5)
    axes: Axes = figure.subplots()
    plot_background(axes, run_lines.unsupported_of(run, scenario), has_zero=False)
    handles = [_plot_model(axes, run, curve, rug) for curve in curves]
    debiased = next(debiased_shapes(run, outcome, curves[0].at, rug), None)
    if debiased is not None:
        limits = debiased.low, debiased.high
        axes.fill_between(debiased.at, *limits, color=PURPLE, alpha=0.15, linewidth=0)
        (line,) = axes.plot(debiased.at, debiased.estimate, color=PURPLE, linestyle=DASHES)
        line.set_label(gettext("debiased effect"))
        handles.append(line)
    known = run_lines.truth_line(run, outcome, scenario, "level")
    truth = None if known is None else run_lines.TruthLine(known.at, centred(known.at, known.truth, rug))
    plot_truth(axes, truth)
    axes.set_xlabel(drawable_label(study.axis_label(study.exposure), 46))
    axes.set_ylabel(drawable_label(study.axis_label(outcome), 28))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    _add_legend(figure, [*handles, *([truth_entry()] if truth is not None else [])])
    return figure


def debiased_shapes(run: Run, outcome: str, at: Floats, rug: Floats) -> Iterator[DebiasedShape]:
    """Yield debiased curves, then slopes plotted through the mean exposure of the rows."""
    key = (outcome, run.manifest.study.exposure)
    every = run.view(effects_of) if len(run.frame(EFFECTS.name)) else ()
    own = [one for one in every if (one.outcome, one.exposure) == key]
    for effects in own:
        for line in effects.lines("curve"):
            points = sorted((row for row in line if row.band == run_lines.POINTWISE), key=lambda row: row.at)
            numbers = [(row.at, row.estimate, row.conf_low, row.conf_high) for row in points]
            yield DebiasedShape(*np.array(numbers).T)
    for effects in own:
        for line in effects.lines("line"):
            points = [row for row in line if row.band == run_lines.POINTWISE and not row.group]
            yield from (slope_shape(row, at, rug) for row in points)


def slope_shape(row: EffectRow, at: Floats, rug: Floats) -> DebiasedShape:
    """Return a debiased slope as a line through zero at the mean exposure of the rows, with its fan."""
    away = at - rug.mean()
    low, high = np.sort([row.conf_low * away, row.conf_high * away], axis=0)
    return DebiasedShape(at, row.estimate * away, low, high)


def _add_legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    """Add a legend above the axes, in two columns where the figure is wide enough for the names."""
    legend = figure.legend(handles=handles, loc="outside upper left", ncols=2)
    if legend.get_window_extent().width > figure.bbox.width - canvas.MARK_WIDTH * figure.dpi:
        legend.remove()
        figure.legend(handles=handles, loc="outside upper left", ncols=1)


def _plot_model(axes: Axes, run: Run, curve: run_lines.Curve, rug: Floats) -> Line2D:
    """Plot a curve with its pointwise band where the data support it, less its mean over the rows."""
    series = series_of(run.manifest.study, curve, curve.estimator)
    colour, dash = series.style.colour, series.style.dash
    less = centred(curve.at, curve.estimate, rug)
    band = curve.band(run_lines.POINTWISE)
    if band is not None:
        shift = curve.estimate - less
        where = (curve.supported & np.isfinite(band.low)).tolist()
        limits = (band.low - shift, band.high - shift)
        axes.fill_between(curve.at, *limits, where=where, color=colour, alpha=0.15, linewidth=0)
    axes.plot(curve.at, np.where(curve.supported, less, np.nan), color=colour, linestyle=dash)
    label = drawable(shortened(series.label, LEGEND_LABEL))
    return Line2D([], [], color=colour, linestyle=dash, label=label)


def front_effects(run: Run, outcome: str) -> ReportFigure | None:
    """Return the figure of the effect by estimator and method; None where there is none."""
    level, (label, shown) = percent(run.manifest.study.level, 0), effect_whiskers(run, outcome)
    if not shown:
        return None
    study, unit = run.manifest.study, unit_of(run.manifest.study, outcome)
    in_unit = f" ({unit})" if unit else ""
    x_label = label + in_unit
    if "…" in drawable_label(x_label, X_LABEL):
        # The name of the outcome goes before that of the exposure, which the sentences have.
        x_label = gettext("Effect on {outcome}").format(outcome=changed(study, outcome)) + in_unit
    return ReportFigure(
        f"front-effects-{file_slug(outcome)}",
        plot_forest([("", shown)], x_label=x_label),
        alt=gettext("{label}. {numbers}").format(label=label + in_unit, numbers=numbers_text([("", shown)])),
        caption=gettext(
            "Effects by estimator and method, {level} intervals; filled marks: significantly different from "
            "zero."
        ).format(level=level),
    )


def effect_whiskers(run: Run, outcome: str) -> tuple[str, Sequence[Whisker]]:
    """Return what effect is estimated, in words, and the effects by estimator and method."""
    study = run.manifest.study
    first = next(iter(run_lines.first_effect(run, outcome)), None)
    exposure = first.exposure if first is not None and first.is_done else study.exposure
    words, step = gettext("Effect of {exposure} on {outcome}"), step_text(study, exposure)
    if step and not study.levels:
        words = gettext("Effect of {step} more of {exposure} on {outcome}")
    named = {"exposure": changed(study, exposure), "outcome": changed(study, outcome), "step": step}
    return words.format(**named), [
        *_coefficient_whiskers(run, outcome, exposure),
        *_debiased_whiskers(run, outcome, exposure),
    ]


def _coefficient_whiskers(run: Run, outcome: str, exposure: str) -> Iterator[Whisker]:
    """Yield the coefficients of the exposure, or of each of its levels."""
    for entry in run.manifest.study.estimators:
        for slope in coefficient_slopes(run, outcome, exposure, entry.id):
            steps = [] if slope.level else [exposure]
            shown = scaled_estimate(run.manifest.study, slope.estimate, steps, outcome)
            style = PLAIN_STYLE.decided(slope.decision)
            yield Whisker(listed(filter(None, [entry.label, slope.level])), *shown, style)


def _debiased_whiskers(run: Run, outcome: str, exposure: str) -> Iterator[Whisker]:
    """Yield the debiased effects of the form of the one that comes first, by method."""
    study, first = run.manifest.study, next(iter(run_lines.first_effect(run, outcome)), None)
    if first is None:
        return
    for rows in run_lines.effects_on(run, outcome):
        row = rows[0]
        if not row.is_done or (row.exposure, row.form, row.group) != (exposure, first.form, ""):
            continue
        kind = TRUE_SLOPES.get(row.form, "")
        true = run_lines.true_rows(run, outcome, row.scenario, kind)
        truth = next((one.truth for one in true if one.group in ("", row.method)), np.nan)
        name = capitalised(rendered(row.method.replace("_", " ")))
        for one in rows:
            label = listed(filter(None, [name, study.level_at(exposure, one.at) if one.at == one.at else ""]))
            estimate, steps = Estimate(one.estimate, one.conf_low, one.conf_high), [exposure]
            steps = steps if row.form in SLOPES else []
            yield Whisker(
                label,
                *scaled_estimate(study, estimate, steps, outcome),
                METHOD_STYLES.get(row.method, PLAIN_STYLE).decided(one.decision),
                truth=scaled(study, truth, steps, outcome),
            )
