"""The figure of net effect curves of all outcomes: a panel for each, over a rug."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator

from harness.report.drawing.canvas import DOUBLE_COLUMN, SINGLE_COLUMN, new_figure
from harness.report.drawing.fonts import drawable_label
from harness.report.drawing.series import (
    band_handles,
    draw_background,
    draw_bands,
    draw_line,
    line_handle,
    mark_handles,
)
from harness.report.drawing.truth import true_turn_handles, truth_handles
from harness.report.sections.curves.figure import CurveScene, beside_handles, draw_others, draw_rug_strip

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


def _draw_panel(figure: Figure, place: SubplotSpec, scene: CurveScene) -> None:
    grid = place.subgridspec(2, 1, height_ratios=[9, 1])
    main: Axes = figure.add_subplot(grid[0])
    strip: Axes = figure.add_subplot(grid[1], sharex=main)
    draw_background(main, scene.unsupported, has_zero=scene.has_zero)
    ordered = sorted(scene.series, key=lambda series: not series.is_reference)
    for series in ordered:
        draw_bands(main, series)
    for series in ordered:
        draw_line(main, series)
    draw_others(main, scene, ordered, has_lines=True)
    main.set_ylabel(drawable_label(scene.y_label, 28))
    draw_rug_strip(main, strip, scene.rug)
    strip.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
