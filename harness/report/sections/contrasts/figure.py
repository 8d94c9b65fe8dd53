"""The figure of contrasts: a dot with its two intervals for each, in a panel for each estimator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harness.language import gettext
from harness.report.drawing.canvas import DOUBLE_COLUMN, SINGLE_COLUMN, bare, grid_shape, new_figure
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.palette import LineStyle
from harness.report.drawing.series import LEGEND_GREY
from harness.report.drawing.truth import draw_true_places, true_place_handle
from harness.report.sections.contrasts.rows import EstimatedContrast
from harness.report.text.numbers import percent
from harness.report.text.plain_text import shortened

PANELS_IN_A_ROW = 3
LINE_HEIGHT = 0.24
"""Inches of one contrast."""

FRAME = 0.75
"""Inches of a panel's title and axis."""

HEAD = 0.6
LABEL = 30
"""Characters of a name beside the vertical axis."""

THICK, THIN = 1.9, 0.8
"""Lines of the interval of one contrast, and of that for all at once."""


@dataclass(frozen=True, eq=False)
class ContrastPanel:
    """Some contrasts beneath each other, each with the name at its left and the style it is drawn in."""

    title: str
    lines: Sequence[tuple[str, EstimatedContrast, LineStyle]]


@dataclass(frozen=True, eq=False)
class ContrastScene:
    """What the figure shows.

    Attributes
    ----------
    panels : at least one, each with the same number of lines
    x_label : of the horizontal axis, with its unit
    level : in (0, 1), nominal coverage of the intervals
    """

    panels: Sequence[ContrastPanel]
    x_label: str
    level: float


def draw_contrasts(scene: ContrastScene) -> Figure:
    """Return the figure."""
    n_rows, n_columns = grid_shape(len(scene.panels), most_columns=PANELS_IN_A_ROW)
    most = max(len(panel.lines) for panel in scene.panels)
    figure = new_figure(
        SINGLE_COLUMN if n_columns == 1 else DOUBLE_COLUMN, HEAD + n_rows * (FRAME + LINE_HEIGHT * most)
    )
    grid = figure.subplots(n_rows, n_columns, sharex=True, squeeze=False)
    for place, axes in enumerate(grid.ravel().tolist()):
        if place < len(scene.panels):
            _draw_panel(axes, scene.panels[place], is_named=place % n_columns == 0)
        else:
            bare(axes)
    figure.supxlabel(drawable_label(scene.x_label, 60), fontsize=8)
    figure.legend(handles=_handles(scene), loc="outside upper left", ncols=1 if n_columns == 1 else 3)
    return figure


def _draw_panel(axes: Axes, panel: ContrastPanel, *, is_named: bool) -> None:
    axes.axvline(0.0, color="#333333", linewidth=0.7)
    axes.grid(axis="x")
    for height, (_, contrast, style) in enumerate(panel.lines):
        _draw_contrast(axes, contrast, height, style)
    truths = [contrast.truth for _, contrast, _ in panel.lines]
    draw_true_places(axes, list(enumerate(truths)), is_vertical=True)
    names = [drawable(shortened(name, LABEL)) if is_named else "" for name, _, _ in panel.lines]
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelbottom=True)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title(drawable(shortened(panel.title, 32)), loc="left")


def _draw_contrast(axes: Axes, contrast: EstimatedContrast, height: float, style: LineStyle) -> None:
    colour = style.colour
    if math.isfinite(contrast.all_low) and math.isfinite(contrast.all_high):
        axes.plot([contrast.all_low, contrast.all_high], [height] * 2, color=colour, linewidth=THIN)
    if math.isfinite(contrast.low) and math.isfinite(contrast.high):
        axes.plot(
            [contrast.low, contrast.high], [height] * 2, color=colour, linewidth=THICK, solid_capstyle="butt"
        )
    axes.plot(
        contrast.estimate, height, marker="o", markersize=4.5, markerfacecolor="white", markeredgecolor=colour
    )


def _handles(scene: ContrastScene) -> list[Artist]:
    shown = [contrast for panel in scene.panels for _, contrast, _ in panel.lines]
    share = percent(scene.level, 0)
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            color=LEGEND_GREY,
            linewidth=THICK,
            label=gettext("{share} interval of each").format(share=share),
        ),
        Line2D(
            [],
            [],
            color=LEGEND_GREY,
            linewidth=THIN,
            label=gettext("{share} interval for all at once").format(share=share),
        ),
    ]
    if any(math.isfinite(contrast.truth) for contrast in shown):
        handles.append(true_place_handle())
    return handles
