"""The figure of where the gain comes from: a waterfall for each estimator, from what lasts to the total."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.report.drawing.canvas import DOUBLE_COLUMN, FigureRenderer, RenderedFigure, bare, new_figure
from harness.report.drawing.fonts import drawable
from harness.report.drawing.palette import PART_STYLES, TOTAL_STYLE, PartStyle
from harness.report.model.gains import Gains
from harness.report.sections.origin.rows import TOTAL, Decomposition, PartRow, decompositions
from harness.report.text.numbers import count, fixed, percent
from harness.report.text.plain_text import file_slug, shortened
from harness.store.study_record import StudyRecord

PANELS_IN_A_ROW = 3
ROW_HEIGHT = 0.29
BAR = 0.62
LEAST_REACH = 0.25
"""The axis reaches at least this far to either side where there is something to show, fractions."""

LOSS_SHARE = 1.2
"""It reaches at most so many times as far below zero as above."""

NUMBERS = 0.24
"""Share of the width of a panel that the numbers at its right take."""

LABELS = (
    "Functional form",
    "Recognising entities\nand periods",
    "Selection on the\ntest rows",
    "Optimism of\nin-sample fit",
    "In-sample gain",
)
"""Of the bars: the parts in their order, then the sum."""


def waterfall_figures(gains: Gains, outcome: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the figure of where the gain comes from, where it was taken apart."""
    study = gains.run.manifest.study
    order = [entry.id for entry in gains.candidates]
    found = sorted(decompositions(gains.run, outcome), key=lambda whole: order.index(whole.estimator))
    if found:
        labels = [study.estimator_label(whole.estimator) for whole in found]
        yield renderer.render(
            f"origin-{file_slug(outcome)}",
            draw_waterfalls(found, labels, reference=study.reference_label),
            alt=(
                f"Bars: parts of the in-sample gain over {study.reference_label} in predicting "
                f"{study.label(outcome)}, for {', '.join(labels)}. The numbers are in the table."
            ),
            caption=waterfall_caption(study, outcome),
        )


def waterfall_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of the figure of where the gain comes from."""
    return (
        f"Where the in-sample gain over {study.reference_label} in predicting {study.label(outcome)} comes "
        "from, one panel an estimator. Read downwards: each bar starts where the one above it ends. "
        "Functional form is the gain for entities never seen; recognising is what is added where other rows "
        "of the same entities and periods are trained on; selection, where models are chosen on the test "
        "rows; optimism, where the rows compared on are those trained on. The last bar is the sum. Whiskers "
        f"are {percent(study.level, 0)} intervals of each part, at its end, from {count(study.draws)} "
        f"bootstrap draws of whole entities ({study.label(study.entity)}), the trained models held fixed; an "
        "arrow at the left edge is a loss beyond the axis. The numbers are percentage points."
    )


@dataclass(frozen=True)
class Bar:
    """One part as it is drawn: from where the parts before it have led to, in per cent."""

    row: PartRow
    start: float
    end: float
    style: PartStyle

    @property
    def limits(self) -> tuple[float, float]:
        """The interval of the part, at the bar's end."""
        return self.start + 100 * self.row.conf_low, self.start + 100 * self.row.conf_high


def bars(whole: Decomposition) -> tuple[Bar, ...]:
    """Return the parts, each starting where the one before it ended, then their sum from zero."""
    return (*_steps(whole), Bar(whole.total, 0.0, 100 * whole.total.estimate, TOTAL_STYLE))


def _steps(whole: Decomposition) -> Iterator[Bar]:
    start = 0.0
    for part in whole.parts:
        end = start + 100 * part.estimate
        yield Bar(part, start, end, PART_STYLES[part.part])
        start = end


def axis_limits(found: Sequence[Decomposition]) -> tuple[float, float]:
    """Return where the axis begins and ends, per cent: it shows every gain, but not every loss."""
    ends = [value for whole in found for bar in bars(whole) for value in (bar.start, bar.end, *bar.limits)]
    highest = max([*ends, 100 * LEAST_REACH])
    lowest = max(min([*ends, 0.0]), -LOSS_SHARE * highest)
    return 1.04 * lowest, 1.04 * highest


def draw_waterfalls(found: Sequence[Decomposition], labels: Sequence[str], *, reference: str) -> Figure:
    """Return the figure of one outcome.

    Parameters
    ----------
    found : at least one; a panel each
    labels : how their estimators are called
    reference : how the reference is called
    """
    n_columns = min(PANELS_IN_A_ROW, len(found))
    n_rows = math.ceil(len(found) / n_columns)
    figure = new_figure(DOUBLE_COLUMN, 0.45 + n_rows * (0.45 + ROW_HEIGHT * len(LABELS)))
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
    start, end = axis_limits(found)
    for axes, whole, label in zip(grid, found, labels, strict=False):
        axes.set_title(drawable(shortened(label, 34)), loc="left")
        _draw_panel(axes, bars(whole), start=start)
    for axes in grid[len(found) :]:
        bare(axes)
    first = grid[0]
    first.set_yticks(range(len(LABELS)), LABELS)
    first.set_ylim(len(LABELS) - 0.4, -0.6)
    first.set_xlim(start, end + NUMBERS / (1.0 - NUMBERS) * (end - start))
    first.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    figure.supxlabel(f"Gain over {drawable(shortened(reference, 40))} (percentage points)", fontsize=8)
    return figure


def _draw_panel(axes: Axes, shown: Sequence[Bar], *, start: float) -> None:
    axes.axvline(0.0, color="#333333", linewidth=0.8)
    axes.grid(axis="x")
    axes.tick_params(axis="x", labelbottom=True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for place, bar in enumerate(shown):
        _draw_bar(axes, bar, place, start=start)
        if place + 2 < len(shown) and bar.end >= start:
            axes.plot([bar.end, bar.end], [place, place + 1], color="#777777", linewidth=0.6, zorder=1)
        axes.annotate(
            fixed(100 * bar.row.estimate, 1),
            (1.0, place),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=7,
            weight="bold" if bar.row.part == TOTAL else "normal",
        )


def _draw_bar(axes: Axes, bar: Bar, place: int, *, start: float) -> None:
    left, right = sorted((bar.start, bar.end))
    style = bar.style
    axes.barh(
        place,
        max(right, start) - max(left, start),
        left=max(left, start),
        height=BAR,
        facecolor=style.fill,
        edgecolor=style.colour,
        hatch=style.hatch,
        linewidth=0.7,
        zorder=2,
    )
    if left < start:
        axes.plot(start, place, marker="<", color=style.colour, markersize=4, clip_on=False, zorder=4)
    low, high = (max(limit, start) for limit in bar.limits)
    if high > start:
        axes.plot([low, high], [place, place], color="#1a1a1a", linewidth=0.9, zorder=3)
        caps = [limit for limit in (low, high) if limit > start]
        axes.plot(caps, [place] * len(caps), "|", color="#1a1a1a", markersize=4, zorder=3)
