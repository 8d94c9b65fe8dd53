"""The figures of net effect curves and of their slopes: all estimators in the same axes, with a rug."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
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
        main, strip = figure.subplots(2, 1, sharex=True, height_ratios=[8, 1])
        _draw_together(main, strip, scene, banded=scene.strands)
        _add_legend(figure, scene, columns=2)
        return figure
    n_rows = math.ceil(len(scene.strands) / PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, 3.5 + 1.75 * n_rows)
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[3.5, 1.75 * n_rows]).ravel()
    main, strip = top.subplots(2, 1, sharex=True, height_ratios=[9, 1])
    _draw_together(main, strip, scene, banded=[one for one in scene.strands if one.is_reference])
    top.legend(handles=_handles(scene), labels=_labels(scene), loc="outside right center")
    panels = bottom.subplots(n_rows, PANELS_IN_A_ROW, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, strand in zip(panels, scene.strands, strict=False):
        _draw_alone(axes, strand, scene)
    for axes in panels[len(scene.strands) :]:
        bare(axes)
    for axes in panels[max(0, len(scene.strands) - PANELS_IN_A_ROW) : len(scene.strands)]:
        axes.tick_params(axis="x", labelbottom=True)
    bottom.supxlabel(drawable_lines(scene.x_label, X_LABEL), fontsize=8)
    return figure


def _draw_together(main: Axes, strip: Axes, scene: CurveScene, *, banded: Sequence[CurveStrand]) -> None:
    _draw_ground(main, scene)
    for strand in banded:
        _draw_band(main, strand)
    for strand in scene.strands:
        _draw_line(main, strand)
    main.set_ylabel(drawable_lines(scene.y_label, Y_LABEL))
    main.tick_params(axis="x", length=0)
    main.spines["bottom"].set_visible(False)
    strip.set_xlabel(drawable_lines(scene.x_label, X_LABEL))
    strip.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    draw_rug(strip, scene.rug)


def _draw_alone(axes: Axes, strand: CurveStrand, scene: CurveScene) -> None:
    _draw_ground(axes, scene)
    backdrop = [one.curve for one in scene.strands if one.is_reference and one is not strand]
    for curve in backdrop:
        axes.plot(curve.at, curve.estimate, color=GREY, linewidth=0.8, linestyle=REFERENCE_DASH)
    _draw_band(axes, strand)
    _draw_line(axes, strand)
    axes.set_title(drawable(shortened(strand.label, 32)), loc="left")


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


def _handles(scene: CurveScene) -> list[Line2D]:
    return [Line2D([], [], color=one.style.colour, linestyle=one.style.dash) for one in scene.strands]


def _labels(scene: CurveScene) -> list[str]:
    return [drawable(shortened(one.label, 28)) for one in scene.strands]


def _add_legend(figure: Figure, scene: CurveScene, *, columns: int) -> None:
    figure.legend(handles=_handles(scene), labels=_labels(scene), loc="outside upper left", ncols=columns)
