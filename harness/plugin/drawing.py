"""What sections of plugins draw with, in the style of the report's figures; it loads matplotlib."""

from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    Sheet,
    facets,
    grid_shape,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.marks import Whisker, name_rows, plot_forest, zero_axis
from harness.report.drawing.palette import DEVIATION_MAP, LineStyle, line_style
from harness.report.drawing.series import (
    Mark,
    Series,
    band_handles,
    line_handle,
    plot_background,
    plot_bands,
    plot_line,
    series_of,
    zero_line,
)

__all__ = [
    "DEVIATION_MAP",
    "DOUBLE_COLUMN",
    "SINGLE_COLUMN",
    "FigureRenderer",
    "LineStyle",
    "Mark",
    "RenderedFigure",
    "Series",
    "Sheet",
    "Whisker",
    "band_handles",
    "drawable",
    "drawable_label",
    "drawable_lines",
    "facets",
    "grid_shape",
    "line_handle",
    "line_style",
    "name_rows",
    "new_figure",
    "plot_background",
    "plot_bands",
    "plot_forest",
    "plot_line",
    "series_of",
    "zero_axis",
    "zero_line",
]
