"""Forests: numbers as dots with their intervals, one beneath the other, in a panel or in several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from harness.language import topic
from harness.report.drawing import canvas
from harness.report.drawing.lines import TRUTH_STYLE, TURN_STYLE, entry, plot_styled, truth_entry
from harness.report.drawing.palette import GREY, INK, LineStyle, Whisker
from harness.text.numbers import fixed, percent, with_interval
from harness.text.plain_text import in_turn, shortened

gettext = topic("report.forest")


# Inches of a number, of one with a name on two lines, and of the title and axis of a panel.
ROW_HEIGHT, TALL_ROW, PANEL_HEIGHT = 0.27, 0.31, 0.65

# Characters of the names of numbers in one column of a journal, and at most.
SHORT_NAME, LONG_NAME = 30, 62

# Lines of an interval alone, of one within a wider one, and of that.
MIDDLE, THICK, THIN = 1.1, 1.9, 0.8
NUMBER_STYLE = replace(TURN_STYLE, width=TRUTH_STYLE.width)
# Half the length of the stroke of a true number, in rows.
STROKE = 0.36

# Characters of a line of a title and lines, by the panels that are side by side: two, three, and more.
TITLES = ((32, 2), (26, 2), (19, 3))

# An axis of gains reaches no farther below zero, per cent.
MOST_LOSS = 150.0


def plot_forest(
    panels: Sequence[tuple[str, Sequence[Whisker]]],
    *,
    x_label: str,
    is_gain: bool = False,
    level: float = math.nan,
    most_columns: int = 3,
) -> Figure:
    """Return numbers with their intervals, from top to bottom.

    One panel of short names fits one column of a journal.

    Parameters
    ----------
    panels : titles, each with its numbers, which are named once a row of panels
    is_gain : whether numbers are gains, per cent, whose axis is cut as `cut_limits` does
    level : in (0, 1), nominal coverage, which a legend tells where intervals are of two kinds
    """
    every = [whisker for _, own in panels for whisker in own]
    names = [whisker.label for whisker in max((own for _, own in panels), key=len)]
    is_narrow = len(panels) == 1 and max(map(len, names)) <= SHORT_NAME
    handles = _interval_entries(every, level=level)
    figure, grid = canvas.panel_grid(
        len(panels),
        most_columns=most_columns,
        height=PANEL_HEIGHT + ROW_HEIGHT * len(names),
        head=0.3 + 0.17 * (len(handles) if is_narrow else bool(handles)),
        width=canvas.SINGLE_COLUMN if is_narrow else canvas.DOUBLE_COLUMN,
    )
    start, end = -math.inf, math.inf
    if is_gain:
        start, end = cut_limits(chain(*(one.numbers for one in every)))
    width, lines = TITLES[min(max(most_columns, 2), 4) - 2]
    for axes, (title, own) in zip(grid, panels, strict=True):
        axes.set_title(canvas.drawable_lines(title, width, lines=lines))
        axes.tick_params(axis="x", labelbottom=True)
        plot_rows(axes, own, start=start)
    if len(panels) == 1:
        name_rows(grid[0], [canvas.drawable(shortened(name, LONG_NAME)) for name in names])
    else:
        # As wide as two lines of the longest name take.
        width = min(max(20, 3 + max(map(len, names)) // 2), 28)
        name_rows(grid[0], [canvas.drawable_lines(name, width) for name in names])
    # Next to names a narrow panel has room for three numbers of five characters.
    grid[0].xaxis.set_major_locator(MaxNLocator(nbins=3 if is_narrow else 5, steps=[1, 2, 5, 10]))
    if is_gain:
        grid[0].set_xlim(start, end)
    figure.supxlabel(canvas.drawable_label(x_label, 46 if is_narrow else 60))
    if handles:
        figure.legend(handles=handles, loc="outside upper left", ncols=1 if is_narrow else 3)
    return figure


def numbers_text(panels: Iterable[tuple[str, Iterable[Whisker]]]) -> str:
    """Return all numbers of a forest with their intervals, for those who do not see it.

    Parameters
    ----------
    panels : titles, each with its numbers; an empty title is left out
    """
    return " ".join(
        (gettext("{title}: {numbers}.") if title else gettext("{numbers}.")).format(
            title=title, numbers=numbers
        )
        for title, own in panels
        if (numbers := in_turn(f"{one.label} {one.note or with_interval(*one.numbers)}" for one in own))
    )


def plot_forests(panels: Sequence[tuple[str, Sequence[Whisker]]], *, x_label: str) -> Figure:
    """Return numbers with their intervals, a panel for each unit, with an axis of its own.

    A name has the same row in all panels, which is empty in those that lack it. An axis reaches as far as the
    intervals do, whatever the true numbers.

    Parameters
    ----------
    panels : titles, at least one, each with its numbers
    """
    names = list(dict.fromkeys(whisker.label for _, own in panels for whisker in own))
    labels = [canvas.drawable_lines(name, 30) for name in names]
    height = PANEL_HEIGHT + (TALL_ROW if any("\n" in label for label in labels) else ROW_HEIGHT) * len(names)
    figure, grid = canvas.panel_grid(
        len(panels), most_columns=3, height=height, head=0.3, width=canvas.DOUBLE_COLUMN, shared="y"
    )
    for axes, (title, own) in zip(grid, panels, strict=True):
        zero_axis(axes)
        axes.set_title(canvas.drawable_label(title, 26))
        for whisker in own:
            plot_whisker(axes, whisker, names.index(whisker.label))
        limits = axes.get_xlim()
        truths = ((names.index(whisker.label), whisker.truth) for whisker in own)
        plot_true_numbers(axes, truths, is_vertical=False)
        axes.set_xlim(limits)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    name_rows(grid[0], labels)
    figure.supxlabel(canvas.drawable_label(x_label, 60))
    if any(math.isfinite(whisker.truth) for _, own in panels for whisker in own):
        figure.legend(handles=[truth_entry(style=NUMBER_STYLE)], loc="outside upper left")
    return figure


def _interval_entries(whiskers: Iterable[Whisker], *, level: float) -> list[Line2D]:
    """Return the entries of both kinds of intervals and of true numbers in a legend, those that there are."""
    names = (gettext("{share} interval of each"), gettext("{share} interval for all at once"))
    kinds = zip(names, (THICK, THIN), strict=True) if math.isfinite(level) else ()
    found = [entry(name.format(share=percent(level, 0)), LineStyle(GREY, width=own)) for name, own in kinds]
    has_truth = any(math.isfinite(whisker.truth) for whisker in whiskers)
    return [*found, *([truth_entry(style=NUMBER_STYLE)] if has_truth else [])]


def zero_axis(axes: Axes) -> None:
    """Prepare axes for rows of numbers: a line at zero, and room between names and axis for arrows."""
    # `axvline` would ask for the limits, which all panels together have to find anew each time.
    across = axes.get_xaxis_transform()
    axes.plot([0.0, 0.0], [0.0, 1.0], color=INK, linewidth=0.8, transform=across, scaley=False)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, pad=9.0)


def plot_rows(axes: Axes, whiskers: Sequence[Whisker], *, start: float = -math.inf) -> None:
    """Draw numbers from top to bottom, with what is true of each where that is known."""
    zero_axis(axes)
    for row, whisker in enumerate(whiskers):
        plot_whisker(axes, whisker, row, start=start)
    plot_true_numbers(axes, enumerate(whisker.truth for whisker in whiskers), is_vertical=False)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of rows at the left, the first on top."""
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.yaxis.set_major_formatter(FixedFormatter(names))
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

    def turned(along: float) -> tuple[float, float]:
        return (row, along) if is_vertical else (along, row)

    own = (whisker.low, whisker.high)
    for limits, thickness in ((whisker.wide, THIN), (own, THICK if has_wide else MIDDLE)):
        if all(map(math.isfinite, limits)):
            ends = [turned(max(limit, start)) for limit in limits]
            is_cut = not has_wide and limits[0] <= start
            axes.plot(
                *zip(*ends, strict=True),
                color=style.colour,
                linewidth=thickness,
                solid_capstyle="butt",
                marker="" if has_wide or is_cut else cap,
                markersize=5,
                clip_on=False,
            )
            for limit, at in zip(limits, ends, strict=True) if is_cut else ():
                marker, size = (cap, 5) if limit > start else ("<", 3)
                axes.plot(*at, color=style.colour, marker=marker, markersize=size, clip_on=False)
    axes.plot(
        *turned(max(whisker.estimate, start)),
        marker=style.marker,
        markersize=4.5,
        markerfacecolor=style.fill,
        markeredgecolor=style.colour,
    )


def _plot_note(axes: Axes, whisker: Whisker, row: float, *, start: float) -> None:
    """Write why there is no number, or the number next to an arrow where it lies below the axis."""
    colour, is_below = whisker.style.colour, not whisker.note
    if is_below:
        axes.plot(
            *(start, row),
            marker="<",
            color=colour,
            markerfacecolor=whisker.style.fill,
            markersize=5,
            clip_on=False,
        )
    axes.annotate(
        f"{fixed(whisker.estimate, 0)}%" if is_below else canvas.drawable(whisker.note),
        (start if is_below else 0.0, row),
        xytext=(5, 0),
        textcoords="offset points",
        color=colour,
        va="center",
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
            plot_styled(axes, np.array(x), np.array(y), NUMBER_STYLE, zorder=5.0)


def cut_limits(numbers: Iterable[float]) -> tuple[float, float]:
    """Return where an axis of gains begins and ends, per cent: around all numbers that it can show.

    A gain cannot exceed one while a loss knows no bound, and one huge loss would press everything else
    together.
    """
    finite = [0.0, *filter(math.isfinite, numbers)]
    low, high = max(min(finite), -MOST_LOSS), max(finite)
    margin = 1.0 + 0.04 * (high - low)
    return max(low - margin, -MOST_LOSS), high + margin
