"""What sections of plugins draw with, in the style of the report's figures; it loads matplotlib.

What is imported as itself is public.
"""

from harness.report.drawing.canvas import DOUBLE_COLUMN as DOUBLE_COLUMN
from harness.report.drawing.canvas import SINGLE_COLUMN as SINGLE_COLUMN
from harness.report.drawing.canvas import FigureRenderer as FigureRenderer
from harness.report.drawing.canvas import RenderedFigure as RenderedFigure
from harness.report.drawing.canvas import Sheet as Sheet
from harness.report.drawing.canvas import facets as facets
from harness.report.drawing.canvas import grid_shape as grid_shape
from harness.report.drawing.canvas import new_figure as new_figure
from harness.report.drawing.fonts import drawable as drawable
from harness.report.drawing.fonts import drawable_label as drawable_label
from harness.report.drawing.fonts import drawable_lines as drawable_lines
from harness.report.drawing.marks import Whisker as Whisker
from harness.report.drawing.marks import name_rows as name_rows
from harness.report.drawing.marks import plot_forest as plot_forest
from harness.report.drawing.marks import zero_axis as zero_axis
from harness.report.drawing.palette import DEVIATION_MAP as DEVIATION_MAP
from harness.report.drawing.palette import LineStyle as LineStyle
from harness.report.drawing.palette import line_style as line_style
from harness.report.drawing.series import Mark as Mark
from harness.report.drawing.series import Series as Series
from harness.report.drawing.series import band_handles as band_handles
from harness.report.drawing.series import line_handle as line_handle
from harness.report.drawing.series import plot_background as plot_background
from harness.report.drawing.series import plot_bands as plot_bands
from harness.report.drawing.series import plot_line as plot_line
from harness.report.drawing.series import series_of as series_of
from harness.report.drawing.series import zero_line as zero_line
