"""The truth of simulated data in a figure: a dashed black line over all others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from harness.findings.lines import TruthLine
from harness.language import gettext, marked
from harness.report.drawing.palette import Dash

INK = "#000000"
DASH: Dash = (0, (4.0, 2.0))
DOT_DASH: Dash = (0, (4.0, 1.5, 1.0, 1.5))
"""Of the truth, and of a second one in the same axes."""

WIDTH = 1.2
TRUTH = marked("truth (simulated)")
"""What a legend calls it."""

PLACE_DASH = (0, (2.0, 1.0))
TURN_WIDTH = 0.7
PLACE_REACH = 0.36
"""Of the stroke of a single true number: its dashes, and half its length in places of the axis of names."""


def plot_truth(axes: Axes, line: TruthLine | None, *, dash: Dash = DASH) -> None:
    """Draw a true curve, where there is one."""
    if line is not None:
        axes.plot(line.at, line.truth, color=INK, linestyle=dash, linewidth=WIDTH, zorder=5)


def plot_true_turns(axes: Axes, turns: Iterable[float]) -> None:
    """Draw a dashed upright line at each true place, such as a turning point, the unit of the axis."""
    for at in turns:
        axes.axvline(at, color=INK, linestyle=PLACE_DASH, linewidth=TURN_WIDTH, zorder=1)


def true_turn_handles(turns: Sequence[float], *, label: str = "") -> list[Line2D]:
    """Return the entry of such lines in a legend, where there are any."""
    if not turns:
        return []
    return [
        Line2D(
            [],
            [],
            color=INK,
            linestyle=PLACE_DASH,
            linewidth=TURN_WIDTH,
            label=label or gettext("true turning point"),
        )
    ]


def truth_handles(line: TruthLine | None, *, dash: Dash = DASH, label: str = "") -> list[Line2D]:
    """Return the entry of a true curve in a legend, where there is one."""
    if line is None:
        return []
    return [Line2D([], [], color=INK, linestyle=dash, linewidth=WIDTH, label=label or gettext(TRUTH))]


def plot_true_places(axes: Axes, places: Iterable[tuple[float, float]], *, is_vertical: bool) -> None:
    """Draw a dashed stroke for each true number that is known, across the line of the estimate beside it.

    Parameters
    ----------
    places : where an estimate stands on the axis of names, and the true number
    is_vertical : whether names are on the vertical axis, so that strokes are upright
    """
    for place, truth in places:
        if math.isfinite(truth):
            along, across = [place - PLACE_REACH, place + PLACE_REACH], [truth, truth]
            x, y = (across, along) if is_vertical else (along, across)
            axes.plot(x, y, color=INK, linestyle=PLACE_DASH, linewidth=WIDTH, zorder=5)


def true_place_handle() -> Line2D:
    """Return the entry of such strokes in a legend."""
    return Line2D([], [], color=INK, linestyle=PLACE_DASH, linewidth=WIDTH, label=gettext(TRUTH))
