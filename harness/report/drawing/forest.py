"""Forests: numbers as dots with their intervals, one beneath the other, in a panel or in several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from harness.language import gettext
from harness.report.drawing.canvas import DOUBLE_COLUMN, facets, grid_shape, new_figure
from harness.report.drawing.fonts import drawable, drawable_label, drawable_lines
from harness.report.drawing.lines import TRUE_INK, TRUE_WIDTH, TRUTH, TURN_DASH, entry
from harness.report.drawing.palette import INK, PLAIN_STYLE, MarkStyle
from harness.text.numbers import fixed
from harness.text.plain_text import shortened

# Inches of a number, and of the title and axis of a panel.
ROW_HEIGHT = 0.27
PANEL_HEIGHT = 0.65

# Lines of an interval alone, of one within a wider one, and of that.
MIDDLE, THICK, THIN = 1.1, 1.9, 0.8
# Half the length of the stroke of a true number, in rows.
STROKE = 0.36

# An axis that is cut reaches at least this far below zero where there is something to show, per cent.
LEAST_REACH = 25.0


@dataclass(frozen=True)
class Whisker:
    """One number of a forest with its interval.

    Attributes
    ----------
    wide : limits of a wider interval around it; NaN without one
    truth : NaN where it is not known
    note : stands in the place of a number where there is none
    """

    label: str
    estimate: float
    low: float
    high: float
    style: MarkStyle = PLAIN_STYLE
    wide: tuple[float, float] = (math.nan, math.nan)
    truth: float = math.nan
    note: str = ""


def plot_forest(
    panels: Sequence[tuple[str, Sequence[Whisker]]],
    *,
    x_label: str,
    width: float = DOUBLE_COLUMN,
    head: float = 0.0,
    limits: tuple[float, float] | None = None,
    most_columns: int = 3,
) -> Figure:
    """Return numbers with their intervals, from top to bottom.

    Parameters
    ----------
    panels : titles, each with its numbers, which are named once a row of panels
    width : inches
    head : inches above the panels that a legend takes
    limits : where the axis begins and ends; it shows everything where they are not given
    """
    longest = max((own for _, own in panels), key=len)
    titles = [title for title, _ in panels]
    names = [whisker.label for whisker in longest]
    figure, grid = forest_panels(
        titles, names, x_label=x_label, width=width, head=head, most_columns=most_columns
    )
    for axes, (_, own) in zip(grid, panels, strict=True):
        for row, whisker in enumerate(own):
            plot_whisker(axes, whisker, row, start=limits[0] if limits else -math.inf)
        plot_true_numbers(axes, enumerate(whisker.truth for whisker in own), is_vertical=False)
    if limits:
        grid[0].set_xlim(*limits)
    return figure


def forest_panels(
    titles: Sequence[str],
    names: Sequence[str],
    *,
    x_label: str,
    width: float = DOUBLE_COLUMN,
    head: float = 0.0,
    most_columns: int = 3,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each title, each with a row for each name, the first on top."""
    n_rows, n_columns = grid_shape(len(titles), most_columns=most_columns)
    figure = new_figure(width, head + 0.3 + n_rows * (PANEL_HEIGHT + ROW_HEIGHT * len(names)))
    grid = facets(figure, len(titles), (n_rows, n_columns))
    for axes, title in zip(grid, titles, strict=True):
        zero_axis(axes)
        axes.set_title(drawable_lines(title, 32), loc="left")
        axes.tick_params(axis="x", labelbottom=True)
    if n_columns == 1:
        room = 62 if width == DOUBLE_COLUMN else 30
        name_rows(grid[0], [drawable(shortened(name, room)) for name in names])
    else:
        name_rows(grid[0], [drawable_lines(name, 20) for name in names])
    grid[0].xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    figure.supxlabel(drawable_label(x_label, 60), fontsize=8)
    return figure, grid


def zero_axis(axes: Axes) -> None:
    """Prepare axes for rows of numbers: a line at zero, and room between names and axis for arrows."""
    axes.axvline(0.0, color=INK, linewidth=0.8)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, pad=6.0)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of rows at the left, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def plot_whisker(
    axes: Axes, whisker: Whisker, row: float, *, start: float = -math.inf, is_vertical: bool = False
) -> None:
    """Draw one number on its row, as an arrow where it lies below the axis; without one its note.

    Parameters
    ----------
    start : where the axis begins
    is_vertical : whether rows are columns, and intervals upright
    """
    style = whisker.style
    if whisker.note or whisker.estimate < start:
        _plot_note(axes, whisker, row, start=start)
        return
    has_wide, cap = all(map(math.isfinite, whisker.wide)), "_" if is_vertical else "|"
    own, wide = ((whisker.low, whisker.high), THICK if has_wide else MIDDLE), (whisker.wide, THIN)
    for limits, thickness in (wide, own):
        if all(map(math.isfinite, limits)):
            ends = ([max(limit, start) for limit in limits], [row, row])
            x, y = ends[::-1] if is_vertical else ends
            axes.plot(x, y, color=style.colour, linewidth=thickness, solid_capstyle="butt")
            for limit in () if has_wide else limits:
                at, marker = (max(limit, start), row), cap if limit > start else "<"
                axes.plot(
                    *(at[::-1] if is_vertical else at),
                    color=style.colour,
                    marker=marker,
                    markersize=3 if marker == "<" else 5,
                    clip_on=False,
                )
    at = (whisker.estimate, row)
    axes.plot(
        *(at[::-1] if is_vertical else at),
        marker=style.marker,
        markersize=4.5,
        markerfacecolor=style.fill,
        markeredgecolor=style.colour,
    )


def _plot_note(axes: Axes, whisker: Whisker, row: float, *, start: float) -> None:
    """Write why there is no number, or the number next to an arrow where it lies below the axis."""
    colour, is_below = whisker.style.colour, not whisker.note
    if is_below:
        axes.plot(start, row, marker="<", color=colour, markersize=5, clip_on=False)
    axes.annotate(
        f"{fixed(whisker.estimate, 0)}%" if is_below else drawable(whisker.note),
        (start if is_below else 0.0, row),
        xytext=(5, 0),
        textcoords="offset points",
        color=colour,
        va="center",
        fontsize=8,
        style="normal" if is_below else "italic",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6} if is_below else None,
    )


def plot_true_numbers(axes: Axes, truths: Iterable[tuple[float, float]], *, is_vertical: bool) -> None:
    """Draw a dashed stroke for each true number that is known, across the line of the estimate next to it.

    Parameters
    ----------
    truths : where an estimate stands on the axis of names, and the true number
    is_vertical : whether estimates stand one next to the other, so that strokes lie flat
    """
    for row, truth in truths:
        if math.isfinite(truth):
            ends = ([truth, truth], [row - STROKE, row + STROKE])
            x, y = ends[::-1] if is_vertical else ends
            axes.plot(x, y, color=TRUE_INK, linestyle=TURN_DASH, linewidth=TRUE_WIDTH, zorder=5)


def true_number_entry() -> Line2D:
    """Return the entry of such strokes in a legend."""
    return entry(gettext(TRUTH), TRUE_INK, dash=TURN_DASH, width=TRUE_WIDTH)


def cut_limits(numbers: Iterable[float], *, most_loss: float = 1.0) -> tuple[float, float]:
    """Return where an axis of gains begins and ends, per cent.

    It ends beyond every number. It begins below every one too, but no farther below zero than `most_loss`
    times as far as it reaches above, or as `LEAST_REACH`: a gain cannot exceed one while a loss knows no
    bound, and one huge loss would press everything else together.

    Parameters
    ----------
    numbers : gains and limits of their intervals, fractions; those that are not finite are left out
    """
    finite = [100.0 * number for number in numbers if math.isfinite(number)]
    low, high = min([*finite, 0.0]), max([*finite, 0.0])
    margin = 1.0 + 0.04 * (high - max(low, -high))
    return max(low - margin, -most_loss * max(high + margin, LEAST_REACH)), high + margin
