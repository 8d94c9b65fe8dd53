"""The specification curve of one outcome: sorted gains with intervals, above the choices behind each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from harness.arrays import Floats, Mask
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import DOUBLE_COLUMN, new_figure
from harness.report.drawing.fonts import drawable
from harness.report.drawing.forest import cut_limits
from harness.report.drawing.lines import entry
from harness.report.drawing.palette import INK, PUBLISHED_COLOUR, STATUS_STYLES, LineStyle
from harness.report.sections.multiverse.rows import Multiverse, choice_label, level_label
from harness.report.sections.section import study_words
from harness.tables.claims import ClaimRow
from harness.tables.gain import GainStatus
from harness.text.numbers import count, percent
from harness.text.plain_text import file_slug, shortened

# Inches of the sorted gains, and of a line of choices.
CURVE_HEIGHT, LINE_HEIGHT = 2.6, 0.135
# Width of the panels, points.
PANEL_POINTS = 72.0 * 5.4
# Combinations above which their lines are drawn as a picture within the figure.
MOST_LINES = 600
# Half the height of a mark in its line.
TICK = 0.36
DOT = "#1a1a1a"

NAMES = {
    GainStatus.BETTER: marked("interval above zero"),
    GainStatus.OPEN: marked("interval includes zero"),
    GainStatus.WORSE: marked("interval below zero"),
}


def specification_figure(study: StudyRecord, own: Multiverse, published: Sequence[ClaimRow]) -> ReportFigure:
    """Return the specification curve of one outcome, with the published gains across it."""
    words = study_words(study, own.outcome) | {"estimator": study.estimator_label(own.estimator)}
    n_hidden = int((100 * own.gain < _limits(own, published)[0]).sum())
    below = gettext(" {n_hidden} gains lie below the axis: triangles at its edge.")
    hidden = below.format(n_hidden=count(n_hidden)) if n_hidden else ""
    across = gettext(" The dashed line is the published gain.") if published else ""
    return ReportFigure(
        f"multiverse-{file_slug(own.outcome)}",
        plot_specification_curve(study, own, published),
        alt=gettext(
            "Sorted gains of {estimator} in predicting {outcome} under {size} combinations of choices, with "
            "intervals."
        ).format(**words, size=own.gain.size),
        caption=gettext(
            "Gain of {estimator} in predicting {outcome} under every combination of the choices listed below "
            "the curve, each computed, in increasing order. Dots are gains, upright lines their {level} "
            "intervals, clustered by {entity}, not adjusted for their "
            "number; a mark below is the level that the combination above it has.{published}{hidden}"
        ).format(**words, published=across, hidden=hidden),
    )


def _limits(own: Multiverse, published: Sequence[ClaimRow]) -> tuple[float, float]:
    """Return where the axis of gains begins and ends, per cent."""
    numbers = [*own.gain, *chain(*own.limits), *(row.published for row in published)]
    return cut_limits((100.0 * number for number in numbers), most_loss=2.0)


def plot_specification_curve(study: StudyRecord, own: Multiverse, published: Sequence[ClaimRow]) -> Figure:
    """Return the figure of one outcome."""
    n, n_lines = own.gain.size, sum(1 + len(levels) for levels in own.choices.values())
    below = LINE_HEIGHT * (n_lines + 1)
    figure = new_figure(DOUBLE_COLUMN, 0.75 + CURVE_HEIGHT + below)
    curve, grid = figure.subplots(2, 1, sharex=True, height_ratios=[CURVE_HEIGHT, below]).tolist()
    _plot_curve(curve, own, published)
    _plot_choices(grid, study, own)
    grid.set_xlim(-0.02 * n + 0.5, 1.02 * n + 0.5)
    grid.xaxis.set_major_locator(FixedLocator(round_positions(n)))
    grid.set_xlabel(gettext("Combinations in the order of their gains ({n:,} in all)").format(n=n))
    handles = [
        entry(gettext(NAMES[status]), LineStyle(STATUS_STYLES[status].colour, width=3.0))
        for status, mask in _status_masks(own).items()
        if mask.any()
    ]
    handles.append(entry(gettext("gain"), LineStyle(DOT, "none"), marker="o", size=3, fill=DOT))
    figure.legend(handles=handles, loc="outside upper left", ncols=4)
    return figure


def round_positions(n: int) -> list[int]:
    """Return the positions to be numbered on an axis from 1 to `n`: the first, then round ones."""
    positions = MaxNLocator(nbins=6, integer=True).tick_values(1, n)
    return [1, *(int(position) for position in positions if 1 < position <= n)]


def _status_masks(own: Multiverse) -> dict[GainStatus, Mask]:
    """Return which combinations have an interval above, across and below zero, (n,) each."""
    low, high = own.limits
    better, worse = low > 0, high < 0
    return {GainStatus.BETTER: better, GainStatus.OPEN: ~(better | worse), GainStatus.WORSE: worse}


def _plot_curve(axes: Axes, own: Multiverse, published: Sequence[ClaimRow]) -> None:
    """Draw the sorted gains with their intervals; those beyond the axis are triangles at its edge."""
    start, end = _limits(own, published)
    gain, low, high = (100 * values for values in (own.gain, *own.limits))
    axes.grid(axis="y")
    for status, mask in _status_masks(own).items():
        _plot_strokes(axes, mask & (high > start), low, high, status, opacity=0.55)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    shown, size = gain >= start, max(1.2, min(3.0, 240.0 / gain.size))
    at = np.arange(1, gain.size + 1)
    axes.plot(at[shown], gain[shown], "o", markersize=size, color=DOT, rasterized=gain.size > MOST_LINES)
    if not shown.all():
        edge = np.full(np.count_nonzero(~shown), start)
        axes.plot(at[~shown], edge, "v", markersize=2.5, color=DOT, clip_on=False)
    for row in published:
        _plot_published(axes, row)
    axes.set_ylim(start, end)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.set_ylabel(gettext("Gain (%)"))
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)


def _plot_published(axes: Axes, row: ClaimRow) -> None:
    source = gettext(" ({source})").format(source=shortened(row.source, 24)) if row.source else ""
    axes.axhline(100 * row.published, color=PUBLISHED_COLOUR, linewidth=1.1, linestyle=(0, (5, 2)))
    axes.annotate(
        drawable(gettext("published: {gain}{source}").format(gain=percent(row.published), source=source)),
        (0.005, 100 * row.published),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        color=PUBLISHED_COLOUR,
    )


def _plot_strokes(
    axes: Axes, mask: Mask, low: Floats, high: Floats, status: GainStatus, *, opacity: float
) -> None:
    """Draw an upright stroke for each combination in `mask`; all arrays are (n,)."""
    axes.vlines(
        np.flatnonzero(mask) + 1,
        low[mask],
        high[mask],
        colors=STATUS_STYLES[status].colour,
        linewidths=min(1.6, max(0.35, 0.75 * PANEL_POINTS / mask.size)),
        alpha=opacity,
        rasterized=mask.size > MOST_LINES,
    )


def _plot_choices(axes: Axes, study: StudyRecord, own: Multiverse) -> None:
    """Draw a line of marks for each level, under a heading for its choice."""
    labels: list[str] = []
    headings: list[int] = []
    for choice, levels in own.choices.items():
        headings.append(len(labels))
        labels.append(choice_label(choice))
        for level in levels:
            line, taken = np.full(own.gain.size, float(len(labels))), own.taken(choice, [level])
            labels.append(level_label(study, choice, level))
            axes.axhline(line[0], color="#ececec", linewidth=0.5, zorder=0)
            for status, mask in _status_masks(own).items():
                _plot_strokes(axes, mask & taken, line - TICK, line + TICK, status, opacity=1.0)
    axes.set_yticks(range(len(labels)), [drawable(shortened(label, 30)) for label in labels])
    for heading in headings:
        axes.get_yticklabels()[heading].set_fontweight("bold")
    axes.set_ylim(len(labels) - 0.3, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
