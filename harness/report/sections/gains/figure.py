"""The figure of gains: a dot with its interval for each estimator, one panel a protocol."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.findings.gains import GainCell, Gains
from harness.language import gettext
from harness.record.study import ProtocolRecord, StudyRecord
from harness.report.drawing.canvas import (
    DOUBLE_COLUMN,
    GREY,
    FigureRenderer,
    RenderedFigure,
    facets,
    grid_shape,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_lines
from harness.report.drawing.marks import name_rows, zero_axis
from harness.report.drawing.palette import STATUS_COLOURS, STATUS_MARKERS
from harness.tables.gain import GainStatus
from harness.text.numbers import count, percent
from harness.text.plain_text import file_slug, shortened

PANELS_IN_A_ROW = 4
ARROW_ROOM = 6.0
"""Points between the names and the panel, where arrows of losses beyond the axis reach."""

LEAST_REACH = 0.25
"""The axis of gains reaches at least this far to either side where there is something to show."""


def gain_figure(gains: Gains, outcome: str, renderer: FigureRenderer) -> RenderedFigure:
    """Return the figure of the gains of one outcome over the study's reference."""
    study = gains.run.manifest.study
    return renderer.render(
        f"gain-{file_slug(outcome)}",
        plot_gains(gains.cells(outcome), study.honest_first, reference=study.reference_label),
        alt=(
            gettext(
                "Dots with intervals: gain of each estimator over {reference_label} in predicting "
                "{outcome} under each protocol. The numbers are in the table of gains."
            ).format(reference_label=study.reference_label, outcome=study.label(outcome))
        ),
        caption=gain_caption(study, outcome),
    )


def gain_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of the figure of gains."""
    return gettext(
        "Gain over {reference_label} in predicting {outcome}. One panel a protocol. Whiskers are "
        "{level} intervals from {draws} bootstrap draws of whole entities ({entity}), the "
        "trained models held fixed. Filled triangles are gains (pointing up) and losses "
        "(pointing down) that are established, open triangles gains given the few periods "
        "tested, open circles those that are not; an arrow at the left edge is a loss beyond "
        "the axis."
    ).format(
        reference_label=study.reference_label,
        outcome=study.label(outcome),
        level=percent(study.level, 0),
        draws=count(study.draws),
        entity=study.label(study.entity),
    )


def axis_limits(cells: Sequence[GainCell]) -> tuple[float, float]:
    """Return where the axis of gains begins and ends, fractions.

    It ends beyond every interval. It begins below every interval too, but no farther below zero than it
    reaches above, or than `LEAST_REACH`: a gain cannot exceed one while a loss knows no bound, and one huge
    loss would press everything else together. What lies below is drawn as an arrow with its number.
    """
    values = [value for cell in cells for value in (cell.row.gain, cell.row.conf_low, cell.row.conf_high)]
    finite = [value for value in values if math.isfinite(value)]
    highest = max([*finite, 0.0]) + 0.05
    lowest = min([*finite, 0.0]) - 0.05
    return max(lowest, -max(highest, LEAST_REACH)), highest


def plot_gains(cells: Sequence[GainCell], protocols: Sequence[ProtocolRecord], *, reference: str) -> Figure:
    """Return the figure of one outcome.

    Parameters
    ----------
    cells : gains of every estimator but the reference under every protocol
    protocols : one panel each, in this order
    reference : how the reference is called
    """
    labels = list(dict.fromkeys(cell.estimator.id for cell in cells))
    n_rows, n_columns = grid_shape(len(protocols), most_columns=PANELS_IN_A_ROW)
    figure = new_figure(DOUBLE_COLUMN, n_rows * (0.95 + 0.27 * len(labels)))
    grid = facets(figure, len(protocols), (n_rows, n_columns))
    start, end = axis_limits(cells)
    for axes, protocol in zip(grid, protocols, strict=True):
        own = [cell for cell in cells if cell.protocol.id == protocol.id]
        _plot_panel(axes, own, start=start)
        axes.set_title(drawable_lines(protocol.title, 32), loc="left")
    first = grid[0]
    names = {cell.estimator.id: cell.estimator.label for cell in cells}
    name_rows(first, [drawable_lines(names[name], 20) for name in labels])
    first.set_xlim(100 * start, 100 * end)
    first.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    figure.supxlabel(
        gettext("Gain over {reference} (%), right of zero is better").format(
            reference=drawable(shortened(reference, 40))
        ),
        fontsize=8,
    )
    return figure


def _plot_panel(axes: Axes, cells: Sequence[GainCell], *, start: float) -> None:
    zero_axis(axes, room=ARROW_ROOM)
    for place, cell in enumerate(cells):
        plot_gain(axes, cell, place, start=start)


def plot_gain(axes: Axes, cell: GainCell, place: int, *, start: float) -> None:
    """Draw one gain on its row, as an arrow where it lies below the axis; a cell without one says why.

    Parameters
    ----------
    start : where the axis begins, a fraction
    """
    if cell.status is GainStatus.MISSING:
        axes.annotate(
            drawable(gettext(cell.row.status)),
            (0.0, place),
            xytext=(3, 0),
            textcoords="offset points",
            color=GREY,
            va="center",
            fontsize=8,
            style="italic",
        )
    elif cell.row.gain < start:
        _plot_beyond(axes, cell, place, start=start)
    else:
        _plot_whisker(axes, cell, place, start=start)


def _plot_beyond(axes: Axes, cell: GainCell, place: int, *, start: float) -> None:
    colour = STATUS_COLOURS[cell.status]
    axes.plot(100 * start, place, marker="<", color=colour, markersize=5, clip_on=False)
    axes.annotate(
        percent(cell.row.gain, 0),
        (100 * start, place),
        xytext=(5, 0),
        textcoords="offset points",
        color=colour,
        va="center",
        fontsize=8,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )


def _plot_whisker(axes: Axes, cell: GainCell, place: int, *, start: float) -> None:
    colour = STATUS_COLOURS[cell.status]
    if math.isfinite(cell.row.conf_low) and math.isfinite(cell.row.conf_high):
        limits = [100 * max(cell.row.conf_low, start), 100 * cell.row.conf_high]
        axes.plot(limits, [place, place], color=colour, linewidth=1.1, solid_capstyle="butt")
        axes.plot(limits[1], place, marker="|", color=colour, markersize=6)
        end = "<" if cell.row.conf_low < start else "|"
        axes.plot(
            limits[0], place, marker=end, color=colour, markersize=3 if end == "<" else 6, clip_on=False
        )
    axes.plot(
        100 * cell.row.gain,
        place,
        marker=STATUS_MARKERS[cell.status],
        markerfacecolor="white" if cell.status in {GainStatus.OPEN, GainStatus.BETTER_ONCE} else colour,
        markeredgecolor=colour,
        markersize=4,
    )
