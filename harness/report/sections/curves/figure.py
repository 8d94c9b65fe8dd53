"""The figures of net effect curves and of their slopes: all estimators in the same axes, with a rug."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats
from harness.findings.lines import (
    Curve,
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
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    GREY,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    grid_shape,
    new_figure,
    shown_panels,
)
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.series import (
    BESIDE_DASH,
    BESIDE_WIDTH,
    LEGEND_GREY,
    Mark,
    Series,
    band_handles,
    effect_label,
    line_handle,
    mark_handles,
    plot_background,
    plot_bands,
    plot_beside,
    plot_line,
    plot_marks,
    series_of,
)
from harness.report.drawing.truth import plot_true_turns, plot_truth, true_turn_handles, truth_handles
from harness.report.sections.curves.captions import curve_caption, outcomes_caption
from harness.report.sections.curves.scene import MOST_BANDS, CurveScene, SupportedShare
from harness.report.sections.section import featured
from harness.text.plain_text import file_slug, listed, shortened

PANELS_IN_A_ROW = 3
X_LABEL = 46
"""Characters on a line of the label of the horizontal axis; it has two lines."""

Y_LABEL = 36
"""The same for the vertical axis."""

TOGETHER_HEIGHT = 3.9
ALONE_HEIGHT = 1.75
"""Inches of the axes with all curves, and of a row of panels."""

BINS = 40
"""Bars of the histogram; with no more different values than this each value has a bar of its own."""

BAR_WIDTH = 0.02
"""Of the bar of a single value, as a share of the range."""

BAR = "#c9c9c9"
TICK = "#333333"

OUTCOME_HEIGHT = 2.3
"""Inches of the panel of one of several outcomes."""

KINDS = {
    "level": ("curve", marked("Net effect curves")),
    "slope": ("slope", marked("Slopes of the net effect curves")),
}
"""File name and description of each kind of curve."""

REFERENCE_DASH = (0, (2.5, 1.2))
"""Of the reference's curve where it stands behind another estimator's."""


def curve_figures(run: Run, outcome: str, kind: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the figure of one kind of curve for each scenario that gave any."""
    study = run.manifest.study
    prefix, what = KINDS[kind]
    for scenario in curve_scenarios(run):
        curves = curves_of(run, outcome, scenario, kind)
        if not curves:
            continue
        leading, scene = leading_of(run, curves), curve_scene(run, curves)
        names = listed(series.label for series in scene.series)
        yield renderer.render(
            figure_name(run, f"{prefix}-{file_slug(outcome)}", scenario),
            plot_curves(scene),
            alt=gettext("{what} of {exposure} on {outcome}: {names}.").format(
                what=gettext(what),
                exposure=study.label(study.exposure_of(scenario)),
                outcome=study.label(outcome),
                names=names,
            ),
            caption=curve_caption(study, outcome, leading, scene),
        )


def outcomes_figures(run: Run, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the curves of the featured estimators for all outcomes, where there are several."""
    study = run.manifest.study
    ids = [entry.id for entry in featured(run)]
    for scenario in curve_scenarios(run):
        levels = (curves_of(run, outcome, scenario, "level") for outcome in study.outcomes)
        chosen = [[curve for curve in curves if curve.estimator in ids] for curves in levels]
        scenes = [curve_scene(run, curves) for curves in chosen if curves]
        if len(scenes) > 1:
            labels = listed(study.label(outcome) for outcome in study.outcomes)
            exposure = study.label(study.exposure_of(scenario))
            yield renderer.render(
                figure_name(run, "curves", scenario),
                plot_outcomes(scenes),
                alt=gettext("Net effect curves of {exposure} on {labels}, side by side.").format(
                    exposure=exposure, labels=labels
                ),
                caption=outcomes_caption(
                    study,
                    [curve for curves in chosen if curves for curve in leading_of(run, curves)],
                    scenes,
                ),
            )


def figure_name(run: Run, name: str, scenario: str) -> str:
    """Return the name of a figure's file, with the scenario where there are several."""
    return name if len(curve_scenarios(run)) == 1 else f"{name}-{file_slug(scenario)}"


def leading_of(run: Run, curves: Sequence[Curve]) -> Sequence[Curve]:
    """Return the curves that a figure leads with: those over supported rows where most rows extrapolate.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    supported = _supported(run, curves)
    if len(supported) == len(curves) and any(curve.extrapolates for curve in supported):
        return supported
    return curves


def _supported(run: Run, curves: Sequence[Curve]) -> Sequence[Curve]:
    """Return the curves over supported rows of the estimators of curves over all rows; none of slopes."""
    first, names = curves[0], [curve.estimator for curve in curves]
    if first.kind != "level":
        return ()
    found = curves_of(run, first.outcome, first.scenario, "level_supported")
    return tuple(curve for curve in found if curve.estimator in names)


def curve_scene(run: Run, curves: Sequence[Curve]) -> CurveScene:
    """Return what a figure of curves shows.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    study, first = run.manifest.study, curves[0]
    leading, supported = leading_of(run, curves), _supported(run, curves)
    is_level, is_supported = first.kind == "level", leading is not curves
    beside = curves if is_supported else [curve for curve in supported if _differs(curve)]
    return CurveScene(
        series=_series(run, leading),
        rug=rug_of(run, first.scenario),
        unsupported=unsupported_of(run, first.scenario),
        x_label=study.axis_label(study.exposure_of(first.scenario)),
        y_label=level_label(study, first.outcome) if is_level else effect_label(study, first.outcome),
        has_zero=not is_level,
        level=study.level,
        truth=truth_line(run, first.outcome, first.scenario, leading[0].kind),
        beside=_series(run, beside),
        share=_share(supported[0], is_leading=is_supported) if supported else None,
        true_turns=_true_turns(run, first) if is_level else (),
    )


def _share(curve: Curve, *, is_leading: bool) -> SupportedShare | None:
    share, at = curve.share_of_rows[curve.supported], curve.at[curve.supported]
    if not share.size:
        return None
    place = int(share.argmin())
    return SupportedShare(float(share[place]), float(share.max()), float(at[place]), is_leading)


def _differs(supported: Curve) -> bool:
    """Return whether any row is not supported somewhere, so that the curve is not that of all rows."""
    return bool((supported.share_of_rows < 1.0).any())


def _series(run: Run, curves: Sequence[Curve]) -> tuple[Series, ...]:
    """Return lines as they are drawn; turning points are those of the curve over all rows."""
    study = run.manifest.study
    return tuple(
        series_of(study, curve, curve.estimator, marks=_marks(run, curve) if curve.kind == "level" else ())
        for curve in curves
    )


def _true_turns(run: Run, curve: Curve) -> tuple[float, ...]:
    """Return where the true curve of an outcome turns."""
    kinds = ("minimum", "maximum")
    rows = (row for kind in kinds for row in true_rows(run, curve.outcome, curve.scenario, kind))
    return tuple(sorted(row.at for row in rows))


def _marks(run: Run, curve: Curve) -> tuple[Mark, ...]:
    """Return the established turning points of a curve."""
    return tuple(
        Mark(row.kind, row.at, row.conf_low, row.conf_high, row.estimate)
        for row in turning_points_of(run, curve.outcome, curve.scenario, curve.estimator)
        if row.is_established and math.isfinite(row.at) and math.isfinite(row.estimate)
    )


def level_label(study: StudyRecord, outcome: str) -> str:
    """Return the label of an axis of levels."""
    return gettext("Mean predicted {outcome}").format(outcome=study.axis_label(outcome))


def plot_curves(scene: CurveScene) -> Figure:
    """Return the curves in the same axes; with more than `MOST_BANDS`, a panel for each with its bands."""
    if len(scene.series) <= MOST_BANDS:
        figure = new_figure(SINGLE_COLUMN, 3.6)
        _plot_together(figure, figure.add_gridspec(1, 1)[0], scene, banded=scene.series)
        _add_legend(figure, scene, columns=2)
        return figure
    n_rows, n_columns = grid_shape(len(scene.series), most_columns=PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, TOGETHER_HEIGHT + ALONE_HEIGHT * n_rows)
    halves = figure.add_gridspec(2, 1, height_ratios=[TOGETHER_HEIGHT, ALONE_HEIGHT * n_rows])
    _plot_together(
        figure, halves[0], scene, banded=[series for series in scene.series if series.is_reference]
    )
    grid = halves[1].subgridspec(n_rows, n_columns)
    panels = grid.subplots(sharex=True, sharey=not scene.has_zero, squeeze=False).ravel().tolist()
    _plot_alone(shown_panels(panels, len(scene.series), n_columns=n_columns), scene)
    _add_legend(figure, scene, columns=PANELS_IN_A_ROW)
    figure.supxlabel(drawable_label(scene.x_label, X_LABEL), fontsize=8)
    return figure


def _plot_together(
    figure: Figure, place: SubplotSpec, scene: CurveScene, *, banded: Sequence[Series]
) -> None:
    """Draw all curves in one axes, over a strip with the rug."""
    grid = place.subgridspec(2, 1, height_ratios=[9, 1])
    main = figure.add_subplot(grid[0])
    strip = figure.add_subplot(grid[1], sharex=main)
    plot_background(main, scene.unsupported, has_zero=scene.has_zero)
    for series in banded:
        plot_bands(main, series)
    for series in scene.series:
        plot_line(main, series)
    plot_others(main, scene, scene.series, has_lines=len(scene.series) <= MOST_BANDS)
    main.set_ylabel(drawable_label(scene.y_label, Y_LABEL))
    plot_rug_strip(main, strip, scene.rug)
    strip.set_xlabel(drawable_label(scene.x_label, X_LABEL))
    strip.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))


def plot_others(axes: Axes, scene: CurveScene, shown: Sequence[Series], *, has_lines: bool) -> None:
    """Draw what stands beside the lines that are shown: curves over other rows, turning points, the truth."""
    labels = {series.label for series in shown}
    beside = [series for series in scene.beside if series.label in labels]
    if has_lines:
        for series in beside:
            plot_beside(axes, series)
    for series in (*shown, *beside):
        plot_marks(axes, series)
    plot_true_turns(axes, scene.true_turns)
    plot_truth(axes, scene.truth)


def beside_handles(scene: CurveScene) -> list[Line2D]:
    """Return the entry of the curves over other rows in a legend, where there are any."""
    if not scene.beside or scene.share is None:
        return []
    label = gettext("over all rows") if scene.share.is_leading else gettext("over supported rows")
    return [Line2D([], [], color=LEGEND_GREY, linestyle=BESIDE_DASH, linewidth=BESIDE_WIDTH, label=label)]


def plot_rug_strip(main: Axes, strip: Axes, rug: Floats) -> None:
    """Draw the rug beneath axes, which leave their horizontal axis to it."""
    main.tick_params(axis="x", length=0, labelbottom=False)
    main.spines["bottom"].set_visible(False)
    plot_rug(strip, rug)


def _plot_alone(panels: Sequence[Axes], scene: CurveScene) -> None:
    """Draw each curve with its bands in a panel of its own, before the reference's curve.

    Levels share their scale. Slopes do not: the band of one that extrapolates would press the others flat.
    """
    reference = [series.line for series in scene.series if series.is_reference]
    for axes, series in zip(panels, scene.series, strict=True):
        plot_background(axes, scene.unsupported, has_zero=scene.has_zero)
        for line in reference:
            axes.plot(line.at, line.estimate, color=GREY, linewidth=0.8, linestyle=REFERENCE_DASH)
        plot_bands(axes, series)
        plot_line(axes, series)
        plot_others(axes, scene, [series], has_lines=True)
        axes.set_title(drawable(shortened(series.label, 32)), loc="left")


def _add_legend(figure: Figure, scene: CurveScene, *, columns: int) -> None:
    handles = [
        *(line_handle(series) for series in scene.series),
        *band_handles(scene.series, level=scene.level),
        *beside_handles(scene),
        *mark_handles((*scene.series, *scene.beside)),
        *truth_handles(scene.truth),
        *true_turn_handles(scene.true_turns),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=columns)


def plot_outcomes(scenes: Sequence[CurveScene]) -> Figure:
    """Return the figure; the scenes, one an outcome, share estimators and exposure."""
    n_columns = min(PANELS_IN_A_ROW, len(scenes))
    n_rows = math.ceil(len(scenes) / n_columns)
    figure = new_figure(DOUBLE_COLUMN if n_columns > 1 else SINGLE_COLUMN, 0.9 + OUTCOME_HEIGHT * n_rows)
    grid = figure.add_gridspec(n_rows, n_columns)
    for place, scene in enumerate(scenes):
        _plot_outcome(figure, grid[place], scene)
    figure.supxlabel(drawable_label(scenes[0].x_label, 60), fontsize=8)
    shown = [series for scene in scenes for series in scene.series]
    lines = {series.label: line_handle(series) for series in shown}
    marked = [series for scene in scenes for series in (*scene.series, *scene.beside)]
    handles = [
        *lines.values(),
        *band_handles(shown, level=scenes[0].level),
        *beside_handles(scenes[0]),
        *mark_handles(marked),
        *truth_handles(next((scene.truth for scene in scenes if scene.truth is not None), None)),
        *true_turn_handles([at for scene in scenes for at in scene.true_turns]),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=min(3, n_columns + 1))
    return figure


def _plot_outcome(figure: Figure, place: SubplotSpec, scene: CurveScene) -> None:
    grid = place.subgridspec(2, 1, height_ratios=[9, 1])
    main: Axes = figure.add_subplot(grid[0])
    strip: Axes = figure.add_subplot(grid[1], sharex=main)
    plot_background(main, scene.unsupported, has_zero=scene.has_zero)
    ordered = sorted(scene.series, key=lambda series: not series.is_reference)
    for series in ordered:
        plot_bands(main, series)
    for series in ordered:
        plot_line(main, series)
    plot_others(main, scene, ordered, has_lines=True)
    main.set_ylabel(drawable_label(scene.y_label, 28))
    plot_rug_strip(main, strip, scene.rug)
    strip.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))


def plot_rug(axes: Axes, rug: Floats) -> None:
    """Draw a histogram of quantiles, (n_quantiles,), over a tick for each different one."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if rug.size == 0:
        return
    values, counts = np.unique(rug, return_counts=True)
    if 1 < values.size <= BINS:
        axes.bar(values, counts / counts.max(), width=BAR_WIDTH * np.ptp(values), color=BAR)
    else:
        heights, edges = np.histogram(rug, bins=BINS)
        axes.stairs(heights / heights.max(), edges, fill=True, color=BAR)
    gaps = np.full_like(values, np.nan)
    axes.plot(
        np.column_stack([values, values, gaps]).ravel(),
        np.tile([-0.45, -0.1, np.nan], values.size),
        color=TICK,
        linewidth=0.4,
    )
    axes.set_ylim(-0.5, 1.05)
