"""Numbers with their intervals, one beneath the other: a forest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.report.drawing.canvas import DOUBLE_COLUMN, GREY, new_figure
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.palette import METHOD_COLOURS, METHOD_MARKERS
from harness.text.plain_text import shortened

INK = "#333333"
"""Of the line at zero."""


@dataclass(frozen=True)
class Whisker:
    """One number of a forest; `method` is empty for one that is of no debiased method."""

    label: str
    estimate: float
    low: float
    high: float
    method: str = ""


def plot_forest(whiskers: Sequence[Whisker], *, x_label: str) -> Figure:
    """Return numbers with their intervals, from top to bottom."""
    figure = new_figure(DOUBLE_COLUMN, 0.8 + 0.27 * len(whiskers))
    axes = figure.add_subplot()
    zero_axis(axes)
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
    name_rows(axes, [drawable(shortened(one.label, 62)) for one in whiskers])
    axes.set_xlabel(drawable_label(x_label, 60))
    return figure


def zero_axis(axes: Axes, *, room: float = 3.5) -> None:
    """Prepare axes for rows of numbers: a line at zero, and names at the left, `room` points away."""
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, pad=room)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of rows at the left, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
