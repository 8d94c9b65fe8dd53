"""The figure of one moderator: solid, contours and conditional effect, a row for each outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from harness.arrays import Floats
from harness.language import gettext
from harness.report.drawing.canvas import DOUBLE_COLUMN, fixed_figure
from harness.report.drawing.fonts import drawable_label
from harness.report.drawing.series import Series, band_handles, draw_background, draw_bands, draw_line
from harness.report.drawing.truth import (
    INK,
    PLACE_DASH,
    TURN_WIDTH,
    draw_true_turns,
    draw_truth,
    true_turn_handles,
    truth_handles,
)
from harness.report.model.truth import TruthLine
from harness.report.sections.moderators.contour import (
    draw_contours,
    draw_thresholds,
    draw_true_contours,
    surface_handles,
)
from harness.report.sections.moderators.surface3d import draw_surface3d
from harness.report.sections.moderators.surfaces import Surface
from harness.tables.conditional import ThresholdRow

ROW_HEIGHT = 2.3
FOOT = 0.58
HEAD = 0.65
"""Inches of a row, beneath the last row and above the first."""

SOLID = (0.02, 0.275)
CONTOURS = (0.388, 0.222)
BAR = (0.622, 0.012)
EFFECT = (0.82, 0.145)
"""Where each column begins and how wide it is, as shares of the width."""

SOLID_LABEL = 18
"""Characters of a line of the solid's labels."""

LEGEND_COLUMNS = 3
MOST_TICKS = 6
"""Of a colour bar."""


@dataclass(frozen=True, eq=False)
class SurfaceScene:
    """What one row shows.

    Attributes
    ----------
    effect : the conditional effect
    level : in (0, 1), nominal coverage of bands that do not tell their own
    true_levels : (n_exposure, n_moderator), the true surface; None where it is not known
    true_effect : the true conditional effect; None where it is not known
    true_thresholds : where that changes its sign, the moderator's unit
    thresholds : where it changes its sign
    outcome, effect_label, exposure, moderator : labels of the axes, with units
    """

    surface: Surface
    effect: Series
    thresholds: Sequence[ThresholdRow]
    outcome: str
    effect_label: str
    exposure: str
    moderator: str
    level: float
    true_levels: Floats | None = None
    true_effect: TruthLine | None = None
    true_thresholds: Sequence[float] = ()


def draw_surfaces(scenes: Sequence[SurfaceScene]) -> Figure:
    """Return the figure of one estimator and moderator; the scenes, at least one, are one an outcome."""
    height = HEAD + ROW_HEIGHT * len(scenes) + FOOT
    figure = fixed_figure(DOUBLE_COLUMN, height)
    for place, scene in enumerate(scenes):
        bottom = FOOT + ROW_HEIGHT * (len(scenes) - 1 - place)
        _draw_row(figure, scene, bottom=bottom / height, share=1.0 / height, is_last=place == len(scenes) - 1)
    handles = [
        *surface_handles(
            [scene.surface for scene in scenes], [row for scene in scenes for row in scene.thresholds]
        ),
        *band_handles([scene.effect for scene in scenes], level=scenes[0].level),
        *truth_handles(next((scene.true_effect for scene in scenes if scene.true_effect), None)),
        *true_turn_handles(
            [at for scene in scenes for at in scene.true_thresholds], label=gettext("true change of sign")
        ),
    ]
    figure.legend(handles=handles, loc="upper left", ncols=LEGEND_COLUMNS)
    return figure


def _draw_row(figure: Figure, scene: SurfaceScene, *, bottom: float, share: float, is_last: bool) -> None:
    """Draw one row from `bottom` up; `share` is an inch of the figure's height."""
    solid = figure.add_axes((SOLID[0], bottom - 0.1 * share, SOLID[1], ROW_HEIGHT * share), projection="3d")
    if isinstance(solid, Axes3D):
        _draw_surface3d(solid, scene)
    low, tall = bottom + 0.2 * share, (ROW_HEIGHT - 0.45) * share
    contours = figure.add_axes((CONTOURS[0], low, CONTOURS[1], tall))
    filled = draw_contours(contours, scene.surface, scene.thresholds)
    if scene.true_levels is not None:
        draw_true_contours(contours, scene.surface, scene.true_levels, filled)
    for at in scene.true_thresholds:
        contours.axhline(at, color=INK, linestyle=PLACE_DASH, linewidth=TURN_WIDTH)
    contours.set_ylabel(drawable_label(scene.moderator, 32))
    levels = np.asarray(filled.levels)
    ticks = levels[:: math.ceil(levels.size / MOST_TICKS)]
    bar = figure.colorbar(filled, cax=figure.add_axes((BAR[0], low, BAR[1], tall)), ticks=ticks)
    bar.ax.tick_params(width=0.4, length=2)
    bar.outline.set_linewidth(0.4)
    effect = figure.add_axes((EFFECT[0], low, EFFECT[1], tall))
    _draw_effect(effect, scene)
    for axes, label, room in ((contours, scene.exposure, 30), (effect, scene.moderator, 24)):
        _ticks(axes)
        if is_last:
            axes.set_xlabel(drawable_label(label, room, lines=3))
    contours.set_title(drawable_label(scene.outcome, 40, lines=1), loc="left")


def _draw_surface3d(axes: Axes3D, scene: SurfaceScene) -> None:
    """Draw the solid; its outcome and units are on the panels beside it."""
    draw_surface3d(axes, scene.surface)
    for axis, label in ((axes.xaxis, scene.exposure), (axes.yaxis, scene.moderator), (axes.zaxis, "")):
        axis.set_major_locator(MaxNLocator(nbins=3))
        name = label.rpartition(" (")[0] or label
        axis.set_label_text(drawable_label(name, SOLID_LABEL))
        axis.set_tick_params(pad=1 if axis is axes.zaxis else -3)
        axis.labelpad = -1
    axes.set_box_aspect((1.0, 1.0, 0.8), zoom=0.78)


def _draw_effect(axes: Axes, scene: SurfaceScene) -> None:
    draw_background(axes, (), has_zero=True)
    draw_bands(axes, scene.effect)
    draw_line(axes, scene.effect)
    draw_thresholds(axes, scene.thresholds, vertical=True)
    draw_true_turns(axes, scene.true_thresholds)
    draw_truth(axes, scene.true_effect)
    axes.set_ylabel(drawable_label(scene.effect_label, 34))


def _ticks(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
