"""Figures for sections of plugins, in the style of the report; loads matplotlib.

Names imported as themselves are public.
"""

from harness.report.drawing.canvas import DOUBLE_COLUMN as DOUBLE_COLUMN
from harness.report.drawing.canvas import SINGLE_COLUMN as SINGLE_COLUMN
from harness.report.drawing.canvas import axes_over_zero as axes_over_zero
from harness.report.drawing.canvas import drawable as drawable
from harness.report.drawing.canvas import drawable_lines as drawable_lines
from harness.report.drawing.canvas import new_figure as new_figure
from harness.report.drawing.canvas import panel_grid as panel_grid
from harness.report.drawing.palette import DEVIATION_MAP as DEVIATION_MAP
