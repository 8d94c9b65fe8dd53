"""What sections of plugins draw with, in the style of the report's figures; it loads matplotlib."""

from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    Sheet,
    bare,
    grid_shape,
    label_lowest,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.palette import DEVIATION_MAP, LineStyle, line_style
from harness.report.drawing.series import (
    Mark,
    Series,
    band_handles,
    draw_background,
    draw_bands,
    draw_line,
    line_handle,
    series_of,
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
    "band_handles",
    "bare",
    "draw_background",
    "draw_bands",
    "draw_line",
    "drawable",
    "drawable_label",
    "drawable_lines",
    "grid_shape",
    "label_lowest",
    "line_handle",
    "line_style",
    "new_figure",
    "series_of",
]
