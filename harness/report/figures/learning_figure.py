"""The figure of learning: errors of the chosen networks step by step, a panel for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from harness.arrays import Floats
from harness.report.figures.canvas import DOUBLE_COLUMN, bare, new_figure
from harness.report.figures.fonts import drawable_lines
from harness.report.figures.palette import LineStyle

PANELS_IN_A_ROW = 4
TRAINING = LineStyle("#0072b2", "solid")
SELECTION = LineStyle("#d55e00", (0, (4.0, 1.5)))


@dataclass(frozen=True, eq=False)
class Learning:
    """One network.

    Attributes
    ----------
    title : which network
    step : (n_steps,)
    training, selection : (n_steps,), mean squared errors over the outcome's variance
    chosen_step : the step whose weights were kept, None where the run does not tell
    """

    title: str
    step: Floats
    training: Floats
    selection: Floats
    chosen_step: int | None


def draw_learning(networks: Sequence[Learning]) -> Figure:
    """Return the figure of at least one network."""
    n_columns = min(PANELS_IN_A_ROW, len(networks))
    n_rows = math.ceil(len(networks) / n_columns)
    figure = new_figure(DOUBLE_COLUMN, 0.8 + 1.5 * n_rows)
    panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel().tolist()
    for axes, one in zip(panels, networks, strict=False):
        axes.grid(axis="y")
        for values, style in ((one.training, TRAINING), (one.selection, SELECTION)):
            axes.plot(one.step, values, color=style.colour, linestyle=style.dash, linewidth=1.0)
        if one.chosen_step is not None:
            axes.axvline(one.chosen_step, color="#333333", linewidth=0.7, linestyle=(0, (1.0, 1.0)))
        axes.set_title(drawable_lines(one.title, 24), loc="left", fontsize=7)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    for axes in panels[len(networks) :]:
        bare(axes)
    panels[0].set_yscale("log")
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panels[0].yaxis.set_minor_formatter(NullFormatter())
    figure.supxlabel("Step", fontsize=8)
    figure.supylabel("MSE / variance of the outcome", fontsize=8)
    figure.legend(handles=_handles(), loc="outside upper left", ncols=3)
    return figure


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=TRAINING.colour, linestyle=TRAINING.dash, label="training rows"),
        Line2D([], [], color=SELECTION.colour, linestyle=SELECTION.dash, label="rows to select on"),
        Line2D([], [], color="#333333", linewidth=0.7, linestyle=(0, (1.0, 1.0)), label="step that was kept"),
    ]
