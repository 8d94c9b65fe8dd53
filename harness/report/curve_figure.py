"""The figures of net effect curves and of their slopes: all estimators in the same axes, with a rug."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats
from harness.report.canvas import DOUBLE_COLUMN, GREY, SINGLE_COLUMN, bare, new_figure
from harness.report.curves import Curve
from harness.report.fonts import drawable, drawable_lines
from harness.report.palette import LineStyle
from harness.report.rug import draw_rug
from harness.report.text import shortened

MOST_BANDS = 4
"""Most bands that can be told apart in the same axes; with more each estimator has a panel of its own."""

PANELS_IN_A_ROW = 3
X_LABEL = 46
"""Characters on a line of the label of the horizontal axis; it has two lines."""

Y_LABEL = 36
"""The same for the vertical axis."""

TOGETHER_HEIGHT = 3.9
ALONE_HEIGHT = 1.75
"""Inches of the axes with all curves, and of a row of panels."""

REFERENCE_DASH = (0, (2.5, 1.2))
"""Of the reference's curve where it stands behind another estimator's."""


@dataclass(frozen=True, eq=False)
class CurveStrand:
    """One estimator's curve with its name and line."""

    curve: Curve
    label: str
    style: LineStyle
    is_reference: bool


@dataclass(frozen=True, eq=False)
class CurveScene:
    """What one figure of curves shows.

    Attributes
    ----------
    strands : at least one, in the order of the legend
    rug : quantiles of the exposure as observed, its unit
    unsupported : stretches of the exposure that the data do not reach
    x_label, y_label : of the axes, with units
    has_zero : whether a line at zero means something, as for slopes
    """

    strands: Sequence[CurveStrand]
    rug: Floats
    unsupported: Sequence[tuple[float, float]]
    x_label: str
    y_label: str
    has_zero: bool


def draw_curves(scene: CurveScene) -> Figure:
    """Return the curves in the same axes; with more than four, a panel for each band beneath."""
    if len(scene.strands) <= MOST_BANDS:
        figure = new_figure(SINGLE_COLUMN, 3.6)
        _draw_together(figure, figure.add_gridspec(1, 1)[0], scene, banded=scene.strands)
        _add_legend(figure, scene, columns=2)
        return figure
    n_rows = math.ceil(len(scene.strands) / PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, TOGETHER_HEIGHT + ALONE_HEIGHT * n_rows)
    halves = figure.add_gridspec(2, 1, height_ratios=[TOGETHER_HEIGHT, ALONE_HEIGHT * n_rows])
    _draw_together(figure, halves[0], scene, banded=[one for one in scene.strands if one.is_reference])
    grid = halves[1].subgridspec(n_rows, PANELS_IN_A_ROW)
    panels = grid.subplots(sharex=True, sharey=True, squeeze=False)
    _draw_alone(panels.ravel().tolist(), scene)
    _add_legend(figure, scene, columns=PANELS_IN_A_ROW)
    figure.supxlabel(drawable_lines(scene.x_label, X_LABEL), fontsize=8)
    return figure


def _draw_together(
    figure: Figure, place: SubplotSpec, scene: CurveScene, *, banded: Sequence[CurveStrand]
) -> None:
    """Draw all curves in one axes, over a strip with the rug."""
    grid = place.subgridspec(2, 1, height_ratios=[9, 1])
    main = figure.add_subplot(grid[0])
    strip = figure.add_subplot(grid[1], sharex=main)
    _draw_ground(main, scene)
    for strand in banded:
        _draw_band(main, strand)
    for strand in scene.strands:
        _draw_line(main, strand)
    main.set_ylabel(drawable_lines(scene.y_label, Y_LABEL))
    main.tick_params(axis="x", length=0, labelbottom=False)
    main.spines["bottom"].set_visible(False)
    strip.set_xlabel(drawable_lines(scene.x_label, X_LABEL))
    strip.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    draw_rug(strip, scene.rug)


def _draw_alone(panels: Sequence[Axes], scene: CurveScene) -> None:
    """Draw each curve with its band in a panel of its own, before the reference's curve."""
    n_strands = len(scene.strands)
    reference = [one for one in scene.strands if one.is_reference]
    for axes, strand in zip(panels, scene.strands, strict=False):
        _draw_ground(axes, scene)
        for other in reference:
            at, estimate = other.curve.at, other.curve.estimate
            axes.plot(at, estimate, color=GREY, linewidth=0.8, linestyle=REFERENCE_DASH)
        _draw_band(axes, strand)
        _draw_line(axes, strand)
        axes.set_title(drawable(shortened(strand.label, 32)), loc="left")
    for axes in panels[n_strands:]:
        bare(axes)
    for axes in panels[n_strands - PANELS_IN_A_ROW : n_strands]:
        axes.tick_params(axis="x", labelbottom=True)


def _draw_ground(axes: Axes, scene: CurveScene) -> None:
    for low, high in scene.unsupported:
        axes.axvspan(low, high, facecolor="#f4f4f4", edgecolor="#c4c4c4", hatch="////", linewidth=0, zorder=0)
    axes.grid(axis="y")
    if scene.has_zero:
        axes.axhline(0.0, color="#333333", linewidth=0.7)


def _draw_band(axes: Axes, strand: CurveStrand) -> None:
    curve = strand.curve
    where = curve.supported & np.isfinite(curve.conf_low) & np.isfinite(curve.conf_high)
    axes.fill_between(
        curve.at,
        curve.conf_low,
        curve.conf_high,
        where=where.tolist(),
        color=strand.style.colour,
        alpha=0.16,
        linewidth=0,
    )


def _draw_line(axes: Axes, strand: CurveStrand) -> None:
    """Draw the curve where it is supported, and a faint trace of it where it is not."""
    curve = strand.curve
    axes.plot(curve.at, curve.estimate, color=strand.style.colour, linewidth=0.5, alpha=0.35)
    axes.plot(
        curve.at,
        np.where(curve.supported, curve.estimate, np.nan),
        color=strand.style.colour,
        linestyle=strand.style.dash,
    )


def _add_legend(figure: Figure, scene: CurveScene, *, columns: int) -> None:
    handles = [Line2D([], [], color=one.style.colour, linestyle=one.style.dash) for one in scene.strands]
    labels = [drawable(shortened(one.label, 30)) for one in scene.strands]
    figure.legend(handles=handles, labels=labels, loc="outside upper left", ncols=columns)
