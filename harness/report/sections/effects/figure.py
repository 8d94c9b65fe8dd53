"""The figures of debiased effects: a forest of numbers, and curves over those of the models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from harness.arrays import Floats
from harness.language import gettext
from harness.report.drawing.canvas import DOUBLE_COLUMN, GREY, SINGLE_COLUMN, new_figure
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.palette import COLOURS
from harness.report.drawing.truth import draw_truth, truth_handles
from harness.report.model.truth import TruthLine
from harness.report.text.plain_text import shortened

METHOD_COLOURS = {
    "first_differences": COLOURS[1],
    "correlated_random_effects": COLOURS[2],
    "instrumented": COLOURS[3],
}
METHOD_MARKERS = {"first_differences": "o", "correlated_random_effects": "D", "instrumented": "s"}


LEGEND_ROW = 0.15
"""Inches of a line of the legend."""

MODEL_WIDTH = 0.6
"""Points of the lines of models."""


@dataclass(frozen=True)
class Whisker:
    """One number of the forest; `method` is empty for a coefficient of a model."""

    label: str
    method: str
    estimate: float
    low: float
    high: float


def draw_forest(whiskers: Sequence[Whisker], *, x_label: str) -> Figure:
    """Return effects and coefficients with their intervals, from top to bottom."""
    figure = new_figure(DOUBLE_COLUMN, 0.8 + 0.27 * len(whiskers))
    axes = figure.add_subplot()
    axes.axvline(0.0, color="#333333", linewidth=0.8)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    for place, whisker in enumerate(whiskers):
        colour = METHOD_COLOURS.get(whisker.method, GREY)
        axes.plot([whisker.low, whisker.high], [place, place], color=colour, linewidth=1.2)
        axes.plot(
            whisker.estimate,
            place,
            marker=METHOD_MARKERS.get(whisker.method, "|"),
            color=colour,
            markersize=4.5 if whisker.method else 8,
        )
    axes.set_yticks(range(len(whiskers)), [drawable(shortened(one.label, 62)) for one in whiskers])
    axes.set_ylim(len(whiskers) - 0.4, -0.6)
    axes.set_xlabel(drawable_label(x_label, 60))
    return figure


@dataclass(frozen=True, eq=False)
class ModelLine:
    """The curve of a model, less its mean over the rows."""

    label: str
    at: Floats
    estimate: Floats


@dataclass(frozen=True, eq=False)
class DebiasedLine:
    """A debiased curve with its bands, each (n_grid,)."""

    label: str
    method: str
    at: Floats
    estimate: Floats
    low: Floats
    high: Floats
    low_together: Floats
    high_together: Floats


@dataclass(frozen=True, eq=False)
class LineScene:
    """What a figure of lines shows, a panel for each debiased line."""

    lines: Sequence[DebiasedLine]
    models: Sequence[ModelLine]
    truth: TruthLine | None
    x_label: str
    y_label: str


def draw_lines(scene: LineScene) -> Figure:
    """Return debiased lines with bands, over the curves of the models in the same axes."""
    n_columns = min(2, len(scene.lines))
    n_rows = -(-len(scene.lines) // n_columns)
    handles = _handles(scene)
    is_wide = n_columns > 1
    width = DOUBLE_COLUMN if is_wide else SINGLE_COLUMN
    n_legend_rows = -(-len(handles) // 3) if is_wide else len(handles)
    figure = new_figure(width, 0.4 + LEGEND_ROW * n_legend_rows + 2.5 * n_rows)
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for axes, line in zip(grid.ravel(), scene.lines, strict=False):
        _draw_panel(axes, line, scene)
    for axes in grid.ravel()[len(scene.lines) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel(drawable_label(scene.y_label, 34))
    figure.supxlabel(drawable_label(scene.x_label, 46), fontsize=8)
    figure.legend(handles=handles, loc="outside upper left", ncols=3 if is_wide else 1)
    return figure


def _draw_panel(axes: Axes, line: DebiasedLine, scene: LineScene) -> None:
    colour = METHOD_COLOURS.get(line.method, GREY)
    axes.axhline(0.0, color="#333333", linewidth=0.7)
    axes.grid(axis="y")
    axes.fill_between(line.at, line.low_together, line.high_together, color=colour, alpha=0.12, linewidth=0)
    axes.fill_between(line.at, line.low, line.high, color=colour, alpha=0.22, linewidth=0)
    for model in scene.models:
        within = (model.at >= line.at[0]) & (model.at <= line.at[-1])
        axes.plot(model.at, np.where(within, model.estimate, np.nan), color=GREY, linewidth=MODEL_WIDTH)
    axes.plot(line.at, line.estimate, color=colour)
    draw_truth(axes, scene.truth)
    axes.set_title(drawable_lines(line.label, 44), loc="left")


def _handles(scene: LineScene) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    if scene.models:
        label = scene.models[0].label if len(scene.models) == 1 else gettext("models, each a line")
        handles.append(
            Line2D([], [], color=GREY, linewidth=MODEL_WIDTH, label=drawable(shortened(label, 28)))
        )
    handles.append(Patch(facecolor=GREY, alpha=0.34, linewidth=0, label=gettext("pointwise band")))
    handles.append(Patch(facecolor=GREY, alpha=0.12, linewidth=0, label=gettext("simultaneous band")))
    return [*handles, *truth_handles(scene.truth)]
