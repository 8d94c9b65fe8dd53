"""The figure of net effect curves of all outcomes: a panel for each, over a rug."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator

from harness.report.figures.canvas import DOUBLE_COLUMN, SINGLE_COLUMN, new_figure
from harness.report.figures.curve_figure import CurveScene, draw_strip
from harness.report.figures.fonts import drawable_label
from harness.report.figures.strand import (
    band_handles,
    draw_bands,
    draw_ground,
    draw_line,
    draw_marks,
    line_handle,
    mark_handles,
)

PANELS_IN_A_ROW = 3
PANEL_HEIGHT = 2.3


def draw_outcomes(scenes: Sequence[CurveScene]) -> Figure:
    """Return the figure; the scenes, one an outcome, share estimators and exposure."""
    n_columns = min(PANELS_IN_A_ROW, len(scenes))
    n_rows = math.ceil(len(scenes) / n_columns)
    figure = new_figure(DOUBLE_COLUMN if n_columns > 1 else SINGLE_COLUMN, 0.9 + PANEL_HEIGHT * n_rows)
    grid = figure.add_gridspec(n_rows, n_columns)
    for place, scene in enumerate(scenes):
        _draw_panel(figure, grid[place], scene)
    figure.supxlabel(drawable_label(scenes[0].x_label, 60), fontsize=8)
    strands = [strand for scene in scenes for strand in scene.strands]
    lines = {strand.label: line_handle(strand) for strand in strands}
    handles = [*lines.values(), *band_handles(strands, level=scenes[0].level), *mark_handles(strands)]
    figure.legend(handles=handles, loc="outside upper left", ncols=min(3, n_columns + 1))
    return figure


def _draw_panel(figure: Figure, place: SubplotSpec, scene: CurveScene) -> None:
    grid = place.subgridspec(2, 1, height_ratios=[9, 1])
    main: Axes = figure.add_subplot(grid[0])
    strip: Axes = figure.add_subplot(grid[1], sharex=main)
    draw_ground(main, scene.unsupported, has_zero=scene.has_zero)
    ordered = sorted(scene.strands, key=lambda one: not one.is_reference)
    for strand in ordered:
        draw_bands(main, strand)
    for strand in ordered:
        draw_line(main, strand)
        draw_marks(main, strand)
    main.set_ylabel(drawable_label(scene.y_label, 28))
    draw_strip(main, strip, scene.rug)
    strip.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
