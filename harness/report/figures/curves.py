"""The figures of net effect curves, of their slopes, and of accumulated local effects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.findings import lines as run_lines
from harness.findings.lines import POINTWISE, SIMULTANEOUS, Band, Curve, TruthLine, truth_line
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report.blocks import ReportFigure
from harness.report.drawing import canvas, lines
from harness.report.drawing.canvas import DOUBLE_COLUMN, SINGLE_COLUMN, drawable, drawable_label
from harness.report.drawing.lines import LinePanel, Series, level_of
from harness.report.drawing.palette import BLUE, GREY, LineStyle
from harness.report.sections.section import draws_text, featured, study_words
from harness.tables.curves import BINNED_SCATTER, BinRow
from harness.tables.table import grouped
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, joined, listed, shortened

gettext = topic("report.curves")


# What each kind of curve is.
CURVE_WORDS = {
    "slope": marked("Change in the mean prediction per unit of {exposure}."),
    "level_supported": marked(
        "Mean prediction as {exposure} moves along the axis, each step over the rows that have similar rows "
        "there, other variables as observed."
    ),
    "level": marked(
        "Mean prediction with every row's {exposure} set to the value on the axis, others as observed."
    ),
}


def curve_caption(study: StudyRecord, curves: Sequence[Curve]) -> str:
    """Return the caption of a figure of net effect curves or their slopes.

    Parameters
    ----------
    curves : that it leads with, at least one; of one kind and scenario
    """
    first = curves[0]
    what = rendered(CURVE_WORDS[first.kind]).format(exposure=study.label(study.exposure_of(first.scenario)))
    return f"{what} {band_text([band for one in curves for band in one.bands if band.is_drawn], study)}"


def band_text(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return what kinds of bands are shaded, and how they were made."""
    if not bands:
        return gettext("No curve has a band.")
    kinds, level = {band.kind for band in bands}, percent(level_of(bands, study.level), 0)
    if kinds == {POINTWISE, SIMULTANEOUS}:
        words = gettext("Shaded: pointwise (stronger) and simultaneous (fainter) {level} bands {made}.")
        return words.format(level=level, made=_made(bands, study))
    named = joined([rendered(kind) for kind in kinds])
    return gettext("Shaded: {kinds} {level} bands {made}.").format(
        kinds=named, level=level, made=_made(bands, study)
    )


def _made(bands: Sequence[Band], study: StudyRecord) -> str:
    """Return how many draws of what bands are from."""
    words = {
        "entity": gettext("of whole entities ({entity})").format(entity=study.label(study.entity)),
        "row": gettext("of single rows"),
    }
    named = [words.get(unit, unit) for unit in dict.fromkeys(band.unit for band in bands) if unit]
    units = gettext(" {units}").format(units=joined(named)) if named else ""
    draws = draws_text(band.n_draws for band in bands) or gettext("the")
    return gettext("from {draws} bootstrap draws{units}").format(draws=draws, units=units)


MOST_COLUMNS = 3
# Inches of the panel of an estimator, and of an outcome.
ALONE_HEIGHT, OUTCOME_HEIGHT = 1.9, 2.3

# File name and description of each kind of curve.
KINDS = {
    "level": ("curve", marked("Net effect curves")),
    "slope": ("slope", marked("Slopes of the net effect curves")),
}

# The reference behind another curve; accumulated local effects, and the limits of their band.
BEHIND = LineStyle(GREY, (0, (2.5, 1.2)), 0.8)
ALE_STYLE = LineStyle("#a3195b", width=1.1)
ALE_EDGE = LineStyle("#a3195b", (0, (1.0, 1.0)), 0.7)


def leading_figures(run: Run) -> Iterator[ReportFigure]:
    """Yield the curves of the featured estimators, a panel an outcome, a figure a scenario."""
    study, ids = run.manifest.study, {entry.id for entry in featured(run)}
    for scenario in run_lines.curve_scenarios(run):
        levels = [run_lines.curves_of(run, outcome, scenario, "level") for outcome in study.outcomes]
        own = [[one for one in curves if one.estimator in ids] or curves[:1] for curves in levels if curves]
        if own:
            outcomes = listed(study.label(curves[0].outcome) for curves in own)
            yield ReportFigure(
                _name(run, "curves", scenario),
                plot_outcomes(run, own),
                alt=gettext("Net effect curves of {exposure} on {outcome}: {names}.").format(
                    exposure=study.label(study.exposure_of(scenario)),
                    outcome=outcomes,
                    names=_names(study, own[0]),
                ),
                caption=curve_caption(study, leading_curves(run, own[0])[0]),
            )


# What a binned scatter is left with.
VARIATIONS = {
    "raw": marked("Pooled"),
    "within_entity": marked("Within {entity}"),
    "within_entity_and_time": marked("Within {entity} and {time}"),
}


def scatter_figures(run: Run) -> Iterator[ReportFigure]:
    """Yield binned scatters, for each scenario that gave any: a row an outcome, raw and within entities."""
    study = run.manifest.study
    for (scenario,), rows in grouped(run.rows(BINNED_SCATTER), "scenario").items():
        bins = grouped(rows, "outcome", "variation")
        words = {
            "exposure": study.label(study.exposure_of(scenario)),
            "outcome": listed(study.label(name) for name in dict.fromkeys(name for name, _ in bins)),
            "entity": study.label(study.entity),
            "level": percent(next(iter(bins.values()))[0].level, 0),
        }
        yield ReportFigure(
            _name(run, "binned-scatter", scenario),
            plot_scatters(run, scenario, bins),
            alt=gettext("Binned scatter of {outcome} and {exposure}.").format(**words),
            caption=gettext(
                "Mean outcomes in bins of {exposure} of equal size, with {level} intervals, errors clustered "
                "by {entity}. Within: fixed effects and controls are covariates next to the bins, at "
                "their means."
            ).format(**words),
        )


def plot_scatters(run: Run, scenario: str, bins: Mapping[tuple[str, ...], Sequence[BinRow]]) -> Figure:
    """Return mean outcomes by bins of the exposure with their intervals, a panel a sort of variation."""
    study = run.manifest.study
    figure, grid = canvas.panel_grid(len(bins), most_columns=2, height=1.7, head=0.3, shared="none")
    named = {"entity": study.label(study.entity), "time": study.label(study.time)}
    for axes, ((outcome, variation), rows) in zip(grid, bins.items(), strict=True):
        numbers = [(row.at, row.estimate, row.conf_low, row.conf_high) for row in rows]
        at, estimate, low, high = np.array(numbers).T
        axes.vlines(at, low, high, color=BLUE, linewidth=0.8)
        axes.plot(at, estimate, linestyle="none", marker="o", markersize=3.0, color=BLUE)
        axes.set_title(drawable(rendered(VARIATIONS[variation]).format(**named)))
        if variation == "raw":
            axes.set_ylabel(drawable_label(study.axis_label(outcome), 24, lines=3))
    figure.supxlabel(drawable_label(study.axis_label(study.exposure_of(scenario)), 60))
    return figure


def curve_figures(run: Run, outcome: str, kind: str) -> Iterator[ReportFigure]:
    """Yield all curves of one kind, a panel an estimator, for each scenario that gave any."""
    study = run.manifest.study
    prefix, what = KINDS[kind]
    for scenario in run_lines.curve_scenarios(run):
        curves = run_lines.curves_of(run, outcome, scenario, kind)
        if curves:
            named = {"exposure": study.label(study.exposure_of(scenario)), "outcome": study.label(outcome)}
            words = gettext("{what} of {exposure} on {outcome}: {names}.")
            yield ReportFigure(
                _name(run, f"{prefix}-{file_slug(outcome)}", scenario),
                plot_curves(run, curves),
                alt=words.format(what=rendered(what), names=_names(study, curves), **named),
                caption=curve_caption(study, leading_curves(run, curves)[0]),
            )


def ale_figures(run: Run, outcome: str) -> Iterator[ReportFigure]:
    """Yield accumulated local effects next to partial dependence, a figure for each scenario with both."""
    study = run.manifest.study
    for scenario in run_lines.curve_scenarios(run):
        levels = {one.estimator: one for one in run_lines.curves_of(run, outcome, scenario, "level")}
        every = run_lines.curves_of(run, outcome, scenario, "ale")
        ales = [ale for ale in every if ale.estimator in levels]
        if ales:
            yield ReportFigure(
                _name(run, f"ale-{file_slug(outcome)}", scenario),
                plot_ales(run, [levels[ale.estimator] for ale in ales], ales),
                alt=gettext(
                    "Accumulated local effects next to partial dependence on {outcome}: {names}."
                ).format(**study_words(study, outcome), names=_names(study, ales)),
                caption=gettext(
                    "Partial dependence, over all rows, and accumulated local effects, over the rows near "
                    "each value. Where the two differ, {exposure} moves with other variables."
                ).format(exposure=study.label(study.exposure_of(scenario))),
            )


def _name(run: Run, name: str, scenario: str) -> str:
    """Return the name of a figure's file, with the scenario where there are several."""
    return name if len(run_lines.curve_scenarios(run)) == 1 else f"{name}-{file_slug(scenario)}"


def _names(study: StudyRecord, curves: Sequence[Curve]) -> str:
    return listed(study.estimator_label(curve.estimator) for curve in curves)


def leading_curves(run: Run, curves: Sequence[Curve]) -> tuple[Sequence[Curve], Sequence[Curve]]:
    """Return the curves that a figure leads with, and those over other rows that stand beside them.

    Curves over supported rows lead where most rows extrapolate. Where every row is supported there is but
    one curve, and slopes have no other.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    first, names = curves[0], {curve.estimator for curve in curves}
    found = run_lines.curves_of(run, first.outcome, first.scenario, "level_supported")
    supported = [curve for curve in found if curve.estimator in names and first.kind == "level"]
    if len(supported) == len(curves) and any(curve.extrapolates for curve in supported):
        return supported, curves
    return curves, [one for one in supported if (one.share_of_rows[one.supported] < 1.0).any()]


def curve_panel(run: Run, curves: Sequence[Curve]) -> LinePanel:
    """Return curves as they are drawn; turning points are those of the curves over all rows.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    first, is_level = curves[0], curves[0].kind == "level"
    leading, others = leading_curves(run, curves)
    # Those of the true curve that is drawn: the table has none over supported rows.
    kinds = ("minimum", "maximum") if leading[0].kind == "level" else ()
    true = [row for kind in kinds for row in run_lines.true_rows(run, first.outcome, first.scenario, kind)]
    return LinePanel(
        lines=[_series(run, curve) for curve in leading],
        beside=[_series(run, curve) for curve in others],
        unsupported=run_lines.unsupported_of(run, first.scenario),
        truth=truth_line(run, first.outcome, first.scenario, leading[0].kind),
        turns=sorted(row.at for row in true),
        has_zero=not is_level,
    )


def _series(run: Run, curve: Curve) -> Series:
    """Return a curve with its established turning points, in the style of its estimator."""
    found = run_lines.turning_points_of(run, curve.outcome, curve.scenario, curve.estimator)
    marks = (row for row in found if row.is_established and math.isfinite(row.at + row.estimate))
    shown = tuple(marks) if curve.kind == "level" else ()
    return lines.series_of(run.manifest.study, curve, curve.estimator, marks=shown)


def curve_labels(study: StudyRecord, curve: Curve) -> tuple[str, str]:
    """Return the labels of the axes of a curve."""
    if curve.kind == "slope":
        label = lines.effect_label(study, curve.outcome)
    else:
        label = gettext("Mean predicted {outcome}").format(outcome=study.axis_label(curve.outcome))
    return study.axis_label(study.exposure_of(curve.scenario)), label


def plot_curves(run: Run, curves: Sequence[Curve]) -> Figure:
    """Return the curves of one outcome, a panel an estimator, the reference in grey dashes behind others."""
    panel, (x_label, y_label) = curve_panel(run, curves), curve_labels(run.manifest.study, curves[0])
    # Levels share their scale. Slopes do not: the band of one that extrapolates would press others flat.
    shared: Literal["x", "both"] = "x" if panel.has_zero else "both"
    figure, shown = canvas.panel_grid(
        len(curves), most_columns=MOST_COLUMNS, height=ALONE_HEIGHT, head=1.0, shared=shared
    )
    reference = [series for series in panel.lines if series.is_reference]
    for axes, series in zip(shown, panel.lines, strict=True):
        for one in reference if not series.is_reference else ():
            lines.plot_styled(axes, one.line.at, one.line.estimate, BEHIND)
        lines.plot_panel(axes, panel.alone(series))
        axes.set_title(drawable(shortened(series.label, 32)))
    figure.supxlabel(drawable_label(x_label, 60))
    figure.supylabel(drawable_label(y_label, 40))
    _add_legend(figure, run, curves, [panel], [lines.entry(drawable(one.label), BEHIND) for one in reference])
    return figure


def plot_outcomes(run: Run, chosen: Sequence[Sequence[Curve]]) -> Figure:
    """Return curves of the same estimators and scenario with all their bands, a panel an outcome."""
    n_columns = min(MOST_COLUMNS, len(chosen))
    n_rows, height = math.ceil(len(chosen) / n_columns), OUTCOME_HEIGHT if len(chosen) > 1 else 2.7
    figure = canvas.new_figure(DOUBLE_COLUMN if n_columns > 1 else SINGLE_COLUMN, 0.9 + height * n_rows)
    grid = figure.add_gridspec(n_rows, n_columns)
    panels = [curve_panel(run, curves) for curves in chosen]
    for position, (curves, panel) in enumerate(zip(chosen, panels, strict=True)):
        main, _ = lines.axes_over_rug(figure, grid[position], run_lines.rug_of(run, curves[0].scenario))
        lines.plot_panel(main, panel)
        x_label, y_label = curve_labels(run.manifest.study, curves[0])
        main.set_ylabel(drawable_label(y_label, 28 if n_columns > 1 else 36))
    figure.supxlabel(drawable_label(x_label, 60 if n_columns > 1 else 46))
    entries = lines.line_entries(series for panel in panels for series in panel.lines)
    _add_legend(figure, run, chosen[0], panels, entries, n_columns=min(3, 2 * n_columns - 1))
    return figure


def _add_legend(
    figure: Figure,
    run: Run,
    curves: Sequence[Curve],
    panels: Sequence[LinePanel],
    entries: Sequence[Line2D],
    *,
    n_columns: int = MOST_COLUMNS,
) -> None:
    handles = [*entries, *further_entries(run, curves, panels)]
    figure.legend(handles=handles, loc="outside upper left", ncols=n_columns)


def further_entries(run: Run, curves: Sequence[Curve], panels: Sequence[LinePanel]) -> list[Artist]:
    """Return the entries in a legend of what stands in panels next to their lines.

    Parameters
    ----------
    curves : of the first panel
    """
    is_usual = leading_curves(run, curves)[0] is curves
    beside = gettext("over supported rows") if is_usual else gettext("over all rows")
    return lines.panel_entries(panels, level=run.manifest.study.level, beside=beside)


def plot_ales(run: Run, levels: Sequence[Curve], ales: Sequence[Curve]) -> Figure:
    """Return partial dependence and accumulated local effects, raised to its level, a panel an estimator.

    Parameters
    ----------
    levels, ales : at least one each, of the same estimators, outcome and scenario
    """
    study, first = run.manifest.study, levels[0]
    truth, true_ale = (truth_line(run, first.outcome, first.scenario, kind) for kind in ("level", "ale"))
    unsupported = run_lines.unsupported_of(run, first.scenario)
    narrow = [
        replace(one, bands=tuple(band for band in one.bands if band.kind == POINTWISE)) for one in levels
    ]
    series = [lines.series_of(study, level, level.estimator) for level in narrow]
    panels = [LinePanel([one], unsupported=unsupported, truth=truth) for one in series]
    figure, grid = canvas.panel_grid(
        len(ales), most_columns=MOST_COLUMNS, height=1.85, head=0.9, width=DOUBLE_COLUMN
    )
    for axes, panel, ale in zip(grid, panels, ales, strict=True):
        lines.plot_panel(axes, panel)
        _plot_ale(axes, ale)
        if true_ale is not None:
            raised = TruthLine(true_ale.at, true_ale.truth + ale.mean_level)
            lines.plot_truth(axes, raised, lines.OTHER_TRUTH_STYLE)
        axes.set_title(drawable(shortened(panel.lines[0].label, 32)))
    x_label, y_label = curve_labels(study, first)
    figure.supxlabel(drawable_label(x_label, 60))
    # Next to one row of panels there is room for half of the characters, under the legend.
    width, n_lines = (22, 3) if len(ales) <= MOST_COLUMNS else (40, 2)
    figure.supylabel(drawable_label(y_label, width, lines=n_lines))
    handles = [
        lines.entry(gettext("partial dependence (each its own colour)"), LineStyle(series[0].style.colour)),
        *lines.panel_entries(panels, level=study.level),
        lines.entry(gettext("accumulated local effects"), ALE_STYLE),
    ]
    if bands := [band for ale in ales if (band := ale.band(POINTWISE)) is not None]:
        share = percent(lines.level_of(bands, study.level), 0)
        label = gettext("their pointwise {level_of} band").format(level_of=share)
        handles.append(lines.entry(label, ALE_EDGE))
    if true_ale is not None:
        handles.append(lines.truth_entry(gettext("their truth"), lines.OTHER_TRUTH_STYLE))
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def _plot_ale(axes: Axes, ale: Curve) -> None:
    """Draw accumulated local effects at the level of the outcome, where they are supported."""
    band = ale.band(POINTWISE)
    edges = [band.low, band.high] if band is not None else []
    for values, style in ((ale.estimate, ALE_STYLE), *((edge, ALE_EDGE) for edge in edges)):
        shown = np.where(ale.supported, values + ale.mean_level, np.nan)
        lines.plot_styled(axes, ale.at, shown, style)
