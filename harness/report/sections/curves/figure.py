"""The figures of net effect curves and of their slopes: all estimators in the same axes, with a rug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats
from harness.language import gettext
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    GREY,
    SINGLE_COLUMN,
    bare,
    grid_shape,
    label_lowest,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.series import (
    BESIDE_DASH,
    BESIDE_WIDTH,
    LEGEND_GREY,
    Series,
    band_handles,
    draw_background,
    draw_bands,
    draw_beside,
    draw_line,
    draw_marks,
    line_handle,
    mark_handles,
)
from harness.report.drawing.truth import draw_true_turns, draw_truth, true_turn_handles, truth_handles
from harness.report.model.truth import TruthLine
from harness.report.text.plain_text import shortened

MOST_BANDS = 2
"""Most lines whose bands can be told apart in the same axes; with more each has a panel of its own."""

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

REFERENCE_DASH = (0, (2.5, 1.2))
"""Of the reference's curve where it stands behind another estimator's."""


@dataclass(frozen=True)
class SupportedShare:
    """The share of rows that have others near them, within the support.

    Attributes
    ----------
    least, most : in [0, 1]
    least_at : exposure at which it is least
    is_leading : whether the curve over such rows leads, since elsewhere most rows extrapolate
    """

    least: float
    most: float
    least_at: float
    is_leading: bool


@dataclass(frozen=True, eq=False)
class CurveScene:
    """What one figure of curves shows.

    Attributes
    ----------
    series : at least one, in the order of the legend
    rug : quantiles of the exposure as observed, its unit
    unsupported : stretches of the exposure that the data do not reach
    x_label, y_label : of the axes, with units
    beside : the same estimators' curves over other rows, in thin dots; empty where there are none
    share : of the rows that have others near them; None where that is not known
    truth : the true curve of simulated data, over the rows of `series`; None for other data
    true_turns : where the true curve over all rows turns, the exposure's unit
    has_zero : whether a line at zero means something, as for slopes
    level : in (0, 1), nominal coverage of bands that do not tell their own
    """

    series: Sequence[Series]
    rug: Floats
    unsupported: Sequence[tuple[float, float]]
    x_label: str
    y_label: str
    has_zero: bool
    level: float
    truth: TruthLine | None
    beside: Sequence[Series] = ()
    share: SupportedShare | None = None
    true_turns: Sequence[float] = ()


def draw_curves(scene: CurveScene) -> Figure:
    """Return the curves in the same axes; with more than `MOST_BANDS`, a panel for each with its bands."""
    if len(scene.series) <= MOST_BANDS:
        figure = new_figure(SINGLE_COLUMN, 3.6)
        _draw_together(figure, figure.add_gridspec(1, 1)[0], scene, banded=scene.series)
        _add_legend(figure, scene, columns=2)
        return figure
    n_rows, n_columns = grid_shape(len(scene.series), most_columns=PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, TOGETHER_HEIGHT + ALONE_HEIGHT * n_rows)
    halves = figure.add_gridspec(2, 1, height_ratios=[TOGETHER_HEIGHT, ALONE_HEIGHT * n_rows])
    _draw_together(
        figure, halves[0], scene, banded=[series for series in scene.series if series.is_reference]
    )
    grid = halves[1].subgridspec(n_rows, n_columns)
    panels = grid.subplots(sharex=True, sharey=not scene.has_zero, squeeze=False)
    _draw_alone(panels.ravel().tolist(), scene)
    label_lowest(panels.ravel().tolist()[: len(scene.series)], n_columns=n_columns)
    _add_legend(figure, scene, columns=PANELS_IN_A_ROW)
    figure.supxlabel(drawable_label(scene.x_label, X_LABEL), fontsize=8)
    return figure


def _draw_together(
    figure: Figure, place: SubplotSpec, scene: CurveScene, *, banded: Sequence[Series]
) -> None:
    """Draw all curves in one axes, over a strip with the rug."""
    grid = place.subgridspec(2, 1, height_ratios=[9, 1])
    main = figure.add_subplot(grid[0])
    strip = figure.add_subplot(grid[1], sharex=main)
    draw_background(main, scene.unsupported, has_zero=scene.has_zero)
    for series in banded:
        draw_bands(main, series)
    for series in scene.series:
        draw_line(main, series)
    draw_others(main, scene, scene.series, has_lines=len(scene.series) <= MOST_BANDS)
    main.set_ylabel(drawable_label(scene.y_label, Y_LABEL))
    draw_rug_strip(main, strip, scene.rug)
    strip.set_xlabel(drawable_label(scene.x_label, X_LABEL))
    strip.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))


def draw_others(axes: Axes, scene: CurveScene, shown: Sequence[Series], *, has_lines: bool) -> None:
    """Draw what stands beside the lines that are shown: curves over other rows, turning points, the truth."""
    labels = {series.label for series in shown}
    beside = [series for series in scene.beside if series.label in labels]
    if has_lines:
        for series in beside:
            draw_beside(axes, series)
    for series in (*shown, *beside):
        draw_marks(axes, series)
    draw_true_turns(axes, scene.true_turns)
    draw_truth(axes, scene.truth)


def beside_handles(scene: CurveScene) -> list[Line2D]:
    """Return the entry of the curves over other rows in a legend, where there are any."""
    if not scene.beside or scene.share is None:
        return []
    label = gettext("over all rows") if scene.share.is_leading else gettext("over supported rows")
    return [Line2D([], [], color=LEGEND_GREY, linestyle=BESIDE_DASH, linewidth=BESIDE_WIDTH, label=label)]


def draw_rug_strip(main: Axes, strip: Axes, rug: Floats) -> None:
    """Draw the rug beneath axes, which leave their horizontal axis to it."""
    main.tick_params(axis="x", length=0, labelbottom=False)
    main.spines["bottom"].set_visible(False)
    draw_rug(strip, rug)


def _draw_alone(panels: Sequence[Axes], scene: CurveScene) -> None:
    """Draw each curve with its bands in a panel of its own, before the reference's curve.

    Levels share their scale. Slopes do not: the band of one that extrapolates would press the others flat.
    """
    n_series = len(scene.series)
    reference = [series.line for series in scene.series if series.is_reference]
    for axes, series in zip(panels, scene.series, strict=False):
        draw_background(axes, scene.unsupported, has_zero=scene.has_zero)
        for line in reference:
            axes.plot(line.at, line.estimate, color=GREY, linewidth=0.8, linestyle=REFERENCE_DASH)
        draw_bands(axes, series)
        draw_line(axes, series)
        draw_others(axes, scene, [series], has_lines=True)
        axes.set_title(drawable(shortened(series.label, 32)), loc="left")
    for axes in panels[n_series:]:
        bare(axes)


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


def draw_rug(axes: Axes, rug: Floats) -> None:
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
