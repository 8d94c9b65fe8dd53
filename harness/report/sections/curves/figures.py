"""The figures of net effect curves, of their slopes, and of accumulated local effects."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.findings.lines import (
    POINTWISE,
    Curve,
    TruthLine,
    curve_scenarios,
    curves_of,
    rug_of,
    true_rows,
    truth_line,
    turning_points_of,
    unsupported_of,
)
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.drawing import lines
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    facets,
    grid_shape,
    new_figure,
    shown_panels,
)
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.lines import LinePanel, Series
from harness.report.drawing.palette import GREY, Dash
from harness.report.sections.curves.captions import MOST_BANDS, ale_caption, curve_caption, outcomes_caption
from harness.report.sections.section import featured
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, listed, shortened

PANELS_IN_A_ROW = 3
# Inches of the axes with all curves, of a row of panels, and of one of several outcomes.
TOGETHER_HEIGHT, ALONE_HEIGHT, OUTCOME_HEIGHT = 3.9, 1.75, 2.3

# File name and description of each kind of curve.
KINDS = {
    "level": ("curve", marked("Net effect curves")),
    "slope": ("slope", marked("Slopes of the net effect curves")),
}

# Accumulated local effects, and the limits of their band.
ALE_INK = "#a3195b"
ALE_EDGE: Dash = (0, (1.0, 1.0))


def curve_figures(run: Run, outcome: str, kind: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the figure of one kind of curve for each scenario that gave any."""
    study = run.manifest.study
    prefix, what = KINDS[kind]
    for scenario in curve_scenarios(run):
        curves = curves_of(run, outcome, scenario, kind)
        if curves:
            panel = curve_panel(run, curves)
            yield renderer.render(
                _name(run, f"{prefix}-{file_slug(outcome)}", scenario),
                plot_curves(run, curves),
                alt=gettext("{what} of {exposure} on {outcome}: {names}.").format(
                    what=gettext(what),
                    exposure=study.label(study.exposure_of(scenario)),
                    outcome=study.label(outcome),
                    names=listed(series.label for series in panel.lines),
                ),
                caption=curve_caption(study, arranged(run, curves), panel),
            )


def outcomes_figures(run: Run, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the curves of the featured estimators for all outcomes, where there are several."""
    study, ids = run.manifest.study, {entry.id for entry in featured(run)}
    for scenario in curve_scenarios(run):
        levels = (curves_of(run, outcome, scenario, "level") for outcome in study.outcomes)
        chosen = [own for curves in levels if (own := [one for one in curves if one.estimator in ids])]
        if len(chosen) > 1:
            exposure = study.label(study.exposure_of(scenario))
            labels = listed(study.label(outcome) for outcome in study.outcomes)
            yield renderer.render(
                _name(run, "curves", scenario),
                plot_outcomes(run, chosen),
                alt=gettext("Net effect curves of {exposure} on {labels}, side by side.").format(
                    exposure=exposure, labels=labels
                ),
                caption=outcomes_caption(
                    study,
                    [arranged(run, curves) for curves in chosen],
                    [curve_panel(run, curves) for curves in chosen],
                ),
            )


def ale_figures(run: Run, outcome: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield accumulated local effects next to partial dependence, a figure for each scenario with both."""
    study = run.manifest.study
    for scenario in curve_scenarios(run):
        levels = {curve.estimator: curve for curve in curves_of(run, outcome, scenario, "level")}
        ales = [ale for ale in curves_of(run, outcome, scenario, "ale") if ale.estimator in levels]
        if ales:
            yield renderer.render(
                _name(run, f"ale-{file_slug(outcome)}", scenario),
                plot_ales(run, [levels[ale.estimator] for ale in ales], ales),
                alt=gettext(
                    "Accumulated local effects beside partial dependence on {outcome}: {names}."
                ).format(
                    outcome=study.label(outcome),
                    names=listed(study.estimator_label(ale.estimator) for ale in ales),
                ),
                caption=ale_caption(
                    study, ales[0], has_truth=truth_line(run, outcome, scenario, "level") is not None
                ),
            )


def _name(run: Run, name: str, scenario: str) -> str:
    """Return the name of a figure's file, with the scenario where there are several."""
    return name if len(curve_scenarios(run)) == 1 else f"{name}-{file_slug(scenario)}"


def arranged(run: Run, curves: Sequence[Curve]) -> tuple[Sequence[Curve], Sequence[Curve]]:
    """Return the curves that a figure leads with, and those over other rows that stand beside them.

    Curves over supported rows lead where most rows extrapolate. Where every row is supported there is but
    one curve, and slopes have no other.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    first, names = curves[0], {curve.estimator for curve in curves}
    found = curves_of(run, first.outcome, first.scenario, "level_supported") if first.kind == "level" else ()
    supported = [curve for curve in found if curve.estimator in names]
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
    leading, beside = arranged(run, curves)
    turns = [
        row.at
        for kind in ("minimum", "maximum")
        for row in true_rows(run, first.outcome, first.scenario, kind)
    ]
    return LinePanel(
        lines=[_series(run, curve) for curve in leading],
        beside=[_series(run, curve) for curve in beside],
        unsupported=unsupported_of(run, first.scenario),
        truth=truth_line(run, first.outcome, first.scenario, leading[0].kind),
        turns=sorted(turns) if is_level else (),
        has_zero=not is_level,
    )


def _series(run: Run, curve: Curve) -> Series:
    """Return a curve with its established turning points, in the style of its estimator."""
    found = turning_points_of(run, curve.outcome, curve.scenario, curve.estimator)
    marks = [
        row for row in found if row.is_established and math.isfinite(row.at) and math.isfinite(row.estimate)
    ]
    is_level = curve.kind == "level"
    return lines.series_of(run.manifest.study, curve, curve.estimator, marks=tuple(marks) if is_level else ())


def _labels(study: StudyRecord, curve: Curve) -> tuple[str, str]:
    """Return the labels of the axes of a curve."""
    if curve.kind == "slope":
        label = lines.effect_label(study, curve.outcome)
    else:
        label = gettext("Mean predicted {outcome}").format(outcome=study.axis_label(curve.outcome))
    return study.axis_label(study.exposure_of(curve.scenario)), label


def plot_curves(run: Run, curves: Sequence[Curve]) -> Figure:
    """Return the curves in the same axes; with more than `MOST_BANDS`, a panel for each with its bands."""
    panel, has_few = curve_panel(run, curves), len(curves) <= MOST_BANDS
    n_rows, n_columns = grid_shape(len(curves), most_columns=PANELS_IN_A_ROW)
    height = ALONE_HEIGHT * n_rows
    if has_few:
        figure = new_figure(SINGLE_COLUMN, 3.6)
        halves = figure.add_gridspec(1, 1)
    else:
        figure = new_figure(DOUBLE_COLUMN, TOGETHER_HEIGHT + height)
        halves = figure.add_gridspec(2, 1, height_ratios=[TOGETHER_HEIGHT, height])
    main, strip = lines.axes_over_rug(figure, halves[0], rug_of(run, curves[0].scenario))
    reference = [series for series in panel.lines if series.is_reference]
    lines.plot_panel(main, panel, banded=None if has_few else reference, has_dots=has_few)
    x_label, y_label = _labels(run.manifest.study, curves[0])
    main.set_ylabel(drawable_label(y_label, 36))
    strip.set_xlabel(drawable_label(x_label, 46))
    if not has_few:
        grid = halves[1].subgridspec(n_rows, n_columns)
        # Levels share their scale. Slopes do not: the band of one that extrapolates would press others flat.
        found = grid.subplots(sharex=True, sharey=not panel.has_zero, squeeze=False).ravel().tolist()
        _plot_alone(shown_panels(found, len(curves), n_columns=n_columns), panel, reference)
        figure.supxlabel(drawable_label(x_label, 46), fontsize=8)
    _add_legend(figure, run, curves, [panel], n_columns=2 if has_few else PANELS_IN_A_ROW)
    return figure


def _plot_alone(grid: Sequence[Axes], panel: LinePanel, reference: Sequence[Series]) -> None:
    """Draw each curve with its bands in a panel of its own, before the reference's curve."""
    for axes, series in zip(grid, panel.lines, strict=True):
        for one in reference:
            axes.plot(one.line.at, one.line.estimate, color=GREY, linewidth=0.8, linestyle=(0, (2.5, 1.2)))
        lines.plot_panel(axes, panel.alone(series))
        axes.set_title(drawable(shortened(series.label, 32)), loc="left")


def _add_legend(
    figure: Figure, run: Run, curves: Sequence[Curve], panels: Sequence[LinePanel], *, n_columns: int
) -> None:
    leading, _ = arranged(run, curves)
    beside = gettext("over supported rows") if leading is curves else gettext("over all rows")
    handles = [
        *lines.line_entries(series for panel in panels for series in panel.lines),
        *lines.panel_entries(panels, level=run.manifest.study.level, beside=beside),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=n_columns)


def plot_outcomes(run: Run, chosen: Sequence[Sequence[Curve]]) -> Figure:
    """Return curves of the same estimators and scenario, a panel an outcome, the reference's first."""
    n_columns = min(PANELS_IN_A_ROW, len(chosen))
    n_rows = math.ceil(len(chosen) / n_columns)
    figure = new_figure(DOUBLE_COLUMN if n_columns > 1 else SINGLE_COLUMN, 0.9 + OUTCOME_HEIGHT * n_rows)
    grid = figure.add_gridspec(n_rows, n_columns)
    panels = [curve_panel(run, curves) for curves in chosen]
    for position, (curves, panel) in enumerate(zip(chosen, panels, strict=True)):
        main, _ = lines.axes_over_rug(figure, grid[position], rug_of(run, curves[0].scenario))
        lines.plot_panel(main, panel)
        x_label, y_label = _labels(run.manifest.study, curves[0])
        main.set_ylabel(drawable_label(y_label, 28))
    figure.supxlabel(drawable_label(x_label, 60), fontsize=8)
    _add_legend(figure, run, chosen[0], panels, n_columns=min(3, n_columns + 1))
    return figure


def plot_ales(run: Run, levels: Sequence[Curve], ales: Sequence[Curve]) -> Figure:
    """Return partial dependence and accumulated local effects, raised to its level, a panel an estimator.

    Parameters
    ----------
    levels, ales : at least one each, of the same estimators, outcome and scenario
    """
    study, first = run.manifest.study, levels[0]
    panels = [
        LinePanel(
            [lines.series_of(study, level, level.estimator)],
            unsupported=unsupported_of(run, first.scenario),
            truth=truth_line(run, first.outcome, first.scenario, "level"),
        )
        for level in levels
    ]
    true_ale = truth_line(run, first.outcome, first.scenario, "ale")
    n_rows, n_columns = grid_shape(len(ales), most_columns=PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, 0.9 + 1.85 * n_rows)
    for axes, panel, ale in zip(facets(figure, len(ales), (n_rows, n_columns)), panels, ales, strict=True):
        lines.plot_panel(axes, panel)
        _plot_ale(axes, ale)
        if true_ale is not None:
            raised = TruthLine(true_ale.at, true_ale.truth + ale.mean_level)
            lines.plot_truth(axes, raised, dash=lines.TRUE_DOT_DASH)
        axes.set_title(drawable(shortened(panel.lines[0].label, 32)), loc="left")
    x_label, y_label = _labels(study, first)
    figure.supxlabel(drawable_label(x_label, 60), fontsize=8)
    # Next to one row of panels there is room for half of the characters, under the legend.
    width, n_lines = (22, 3) if n_rows == 1 else (40, 2)
    figure.supylabel(drawable_label(y_label, width, lines=n_lines), fontsize=8)
    own = panels[0].lines[0].style.colour
    handles = [
        lines.entry(gettext("partial dependence (each its own colour)"), own),
        *lines.panel_entries(panels, level=study.level),
        lines.entry(gettext("accumulated local effects"), ALE_INK, width=1.1),
    ]
    bands = [band for ale in ales if (band := ale.band(POINTWISE)) is not None]
    if bands:
        label = gettext("their pointwise {level_of} band").format(
            level_of=percent(lines.level_of(bands, study.level), 0)
        )
        handles.append(lines.entry(label, ALE_INK, dash=ALE_EDGE, width=0.7))
    if true_ale is not None:
        handles.append(lines.truth_entry(gettext("their truth"), dash=lines.TRUE_DOT_DASH))
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def _plot_ale(axes: Axes, ale: Curve) -> None:
    """Draw accumulated local effects at the level of the outcome, where they are supported."""
    band = ale.band(POINTWISE)
    edges = [band.low, band.high] if band is not None else []
    for values, dash, width in ((ale.estimate, "solid", 1.1), *((edge, ALE_EDGE, 0.7) for edge in edges)):
        shown = np.where(ale.supported, values + ale.mean_level, np.nan)
        axes.plot(ale.at, shown, color=ALE_INK, linestyle=dash, linewidth=width)
