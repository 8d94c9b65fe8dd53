"""What sections of plugins draw with, in the style of the report's figures; it loads matplotlib.

What is imported as itself is public.
"""

from harness.report.drawing.canvas import DOUBLE_COLUMN as DOUBLE_COLUMN
from harness.report.drawing.canvas import SINGLE_COLUMN as SINGLE_COLUMN
from harness.report.drawing.canvas import FigureRenderer as FigureRenderer
from harness.report.drawing.canvas import RenderedFigure as RenderedFigure
from harness.report.drawing.canvas import facets as facets
from harness.report.drawing.canvas import grid_shape as grid_shape
from harness.report.drawing.canvas import new_figure as new_figure
from harness.report.drawing.fonts import drawable as drawable
from harness.report.drawing.fonts import drawable_label as drawable_label
from harness.report.drawing.fonts import drawable_lines as drawable_lines
from harness.report.drawing.forest import name_rows as name_rows
from harness.report.drawing.forest import plot_forest as plot_forest
from harness.report.drawing.forest import zero_axis as zero_axis
from harness.report.drawing.lines import LinePanel as LinePanel
from harness.report.drawing.lines import Series as Series
from harness.report.drawing.lines import line_entries as line_entries
from harness.report.drawing.lines import panel_entries as panel_entries
from harness.report.drawing.lines import plot_panel as plot_panel
from harness.report.drawing.lines import series_of as series_of
from harness.report.drawing.palette import DEVIATION_MAP as DEVIATION_MAP
from harness.report.drawing.palette import LineStyle as LineStyle
from harness.report.drawing.palette import MarkStyle as MarkStyle
from harness.report.drawing.palette import Whisker as Whisker
from harness.report.drawing.palette import line_style as line_style
