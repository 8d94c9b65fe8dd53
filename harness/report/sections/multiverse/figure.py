"""The specification curve of one outcome: sorted gains with intervals, above the choices behind each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from harness.arrays import Floats, Ints, Mask
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import DOUBLE_COLUMN, FigureRenderer, RenderedFigure, new_figure
from harness.report.drawing.fonts import drawable
from harness.report.drawing.palette import PUBLISHED_COLOUR, STATUS_COLOURS
from harness.report.sections.multiverse.rows import Multiverse
from harness.report.sections.multiverse.text import choice_label, level_label, published_gains
from harness.tables.claims import CLAIMS, ClaimRow
from harness.tables.gain import GainStatus
from harness.text.numbers import count, percent
from harness.text.plain_text import file_slug, shortened

CURVE_HEIGHT = 2.6
LINE_HEIGHT = 0.135
"""Inches of the sorted gains, and of a line of choices."""

LEVEL_LABEL = 30
LEAST_REACH = 0.25
LOSS_SHARE = 2.0
"""The axis reaches at least so far above zero, and at most so many times as far below as above."""

PANEL_POINTS = 72.0 * 5.4
"""Width of the panels, points."""

MOST_LINES = 600
"""Combinations above which their lines are drawn as a picture within the figure."""

TICK = 0.36
"""Half the height of a mark in its line."""

NAMES = {
    GainStatus.BETTER: marked("interval above zero"),
    GainStatus.OPEN: marked("interval includes zero"),
    GainStatus.WORSE: marked("interval below zero"),
}


def specification_figure(run: Run, multiverse: Multiverse, renderer: FigureRenderer) -> RenderedFigure:
    """Return the specification curve of one outcome."""
    study, outcome = run.manifest.study, multiverse.outcome
    published = published_gains(run.rows(CLAIMS), multiverse)
    return renderer.render(
        f"multiverse-{file_slug(outcome)}",
        plot_specification_curve(study, multiverse, published),
        alt=(
            gettext(
                "Sorted gains of {estimator} in predicting {outcome} under {size} combinations of "
                "choices, with intervals."
            ).format(
                estimator=study.estimator_label(multiverse.estimator),
                outcome=study.label(outcome),
                size=multiverse.gain.size,
            )
        ),
        caption=specification_caption(study, multiverse, published),
    )


def specification_caption(study: StudyRecord, own: Multiverse, published: Sequence[ClaimRow]) -> str:
    """Return the caption of the specification curve."""
    start, _ = axis_limits(own, published)
    n_hidden = int((own.gain < start).sum())
    hidden = (
        gettext(" {n_hidden} gains lie below the axis: triangles at its edge.").format(
            n_hidden=count(n_hidden)
        )
        if n_hidden
        else ""
    )
    dashed = gettext(" The dashed line is the published gain.") if published else ""
    return gettext(
        "Gain of {estimator} in predicting {outcome} under every combination of the choices "
        "listed below the curve, each computed, in increasing order. Dots are gains, upright "
        "lines their {level} intervals from {draws} bootstrap draws of whole entities "
        "({entity}), not adjusted for their number; a mark below is the level that the "
        "combination above it has.{published}{hidden}"
    ).format(
        estimator=study.estimator_label(own.estimator),
        outcome=study.label(own.outcome),
        level=percent(study.level, 0),
        draws=count(study.draws),
        entity=study.label(study.entity),
        published=dashed,
        hidden=hidden,
    )


def axis_limits(own: Multiverse, published: Sequence[ClaimRow]) -> tuple[float, float]:
    """Return where the axis of gains begins and ends, fractions: every gain is shown, but not every loss."""
    high = max([LEAST_REACH, float(own.high.max()), *(row.published for row in published)])
    low = max(min(0.0, float(own.low.min())), -LOSS_SHARE * high)
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def plot_specification_curve(study: StudyRecord, own: Multiverse, published: Sequence[ClaimRow]) -> Figure:
    """Return the figure of one outcome, with the published gains across it."""
    n_lines = sum(1 + len(choice.levels) for choice in own.choices)
    below = LINE_HEIGHT * (n_lines + 1)
    figure = new_figure(DOUBLE_COLUMN, 0.75 + CURVE_HEIGHT + below)
    curve, grid = figure.subplots(2, 1, sharex=True, height_ratios=[CURVE_HEIGHT, below]).tolist()
    _plot_curve(curve, own, published)
    _plot_choices(grid, study, own)
    n = own.gain.size
    grid.set_xlim(-0.02 * n + 0.5, 1.02 * n + 0.5)
    grid.xaxis.set_major_locator(FixedLocator(round_places(n)))
    grid.set_xlabel(gettext("Combinations in the order of their gains ({n:,} in all)").format(n=n))
    figure.legend(handles=list(_handles(own)), loc="outside upper left", ncols=4)
    return figure


def round_places(n: int) -> list[int]:
    """Return places to be numbered on an axis from 1 to `n`: the first, then round ones."""
    places = MaxNLocator(nbins=6, integer=True).tick_values(1, n)
    return [1, *(int(place) for place in places if 1 < place <= n)]


def status_masks(multiverse: Multiverse) -> dict[GainStatus, Mask]:
    """Return which combinations have an interval above, across and below zero, (n,) each."""
    better, worse = multiverse.low > 0, multiverse.high < 0
    return {GainStatus.BETTER: better, GainStatus.OPEN: ~(better | worse), GainStatus.WORSE: worse}


def _plot_curve(axes: Axes, own: Multiverse, published: Sequence[ClaimRow]) -> None:
    start, end = axis_limits(own, published)
    axes.grid(axis="y")
    for status, mask in status_masks(own).items():
        at = np.flatnonzero(mask & (own.high > start))
        ends = 100 * np.column_stack([own.low[at], own.high[at]])
        _add_lines(axes, at, ends, status, n=own.gain.size, opacity=0.55)
    axes.axhline(0.0, color="#333333", linewidth=0.8)
    shown = own.gain >= start
    axes.plot(
        np.flatnonzero(shown) + 1,
        100 * own.gain[shown],
        linestyle="none",
        marker="o",
        markersize=max(1.2, min(3.0, 240.0 / own.gain.size)),
        color="#1a1a1a",
        rasterized=own.gain.size > MOST_LINES,
    )
    _plot_hidden(axes, np.flatnonzero(~shown), start=start)
    for row in published:
        _plot_published(axes, row)
    axes.set_ylim(100 * start, 100 * end)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.set_ylabel(gettext("Gain (%)"))
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)


def _plot_hidden(axes: Axes, at: Ints, *, start: float) -> None:
    """Draw gains beyond the axis as triangles at its edge; an empty line would upset the layout."""
    if at.size:
        axes.plot(at + 1, np.full(at.size, 100 * start), "v", markersize=2.5, color="#1a1a1a", clip_on=False)


def _plot_published(axes: Axes, row: ClaimRow) -> None:
    source = gettext(" ({source})").format(source=shortened(row.source, 24)) if row.source else ""
    axes.axhline(100 * row.published, color=PUBLISHED_COLOUR, linewidth=1.1, linestyle=(0, (5, 2)))
    axes.annotate(
        drawable(gettext("published: {gain}{source}").format(gain=percent(row.published), source=source)),
        (0.005, 100 * row.published),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=8,
        color=PUBLISHED_COLOUR,
    )


def _add_lines(axes: Axes, at: Ints, ends: Floats, status: GainStatus, *, n: int, opacity: float) -> None:
    """Draw an upright line a combination of `n`.

    Parameters
    ----------
    at : (n_lines,), places of the combinations, from 0
    ends : (n_lines, 2), units of the vertical axis
    """
    segments = np.stack([np.column_stack([at + 1, end]) for end in ends.T], axis=1)
    room = PANEL_POINTS / n
    axes.add_collection(
        LineCollection(
            list(segments),
            colors=STATUS_COLOURS[status],
            linewidths=min(1.6, max(0.35, 0.75 * room)),
            alpha=opacity,
            rasterized=n > MOST_LINES,
        )
    )


def _plot_choices(axes: Axes, study: StudyRecord, own: Multiverse) -> None:
    """Draw a line of marks for each level, under a heading for its choice."""
    n, place, labels, headings = own.gain.size, 0, [], []
    for choice in own.choices:
        headings.append(place)
        labels.append(choice_label(choice.name))
        for number, level in enumerate(choice.levels):
            place += 1
            labels.append(level_label(study, choice.name, level))
            axes.axhline(place, color="#ececec", linewidth=0.5, zorder=0)
            for status, mask in status_masks(own).items():
                at = np.flatnonzero(mask & (choice.taken == number))
                ends = np.column_stack([np.full(at.size, place - TICK), np.full(at.size, place + TICK)])
                _add_lines(axes, at, ends, status, n=n, opacity=1.0)
        place += 1
    axes.set_yticks(
        range(len(labels)), [drawable(shortened(label, LEVEL_LABEL)) for label in labels], fontsize=8
    )
    for heading in headings:
        axes.get_yticklabels()[heading].set_fontweight("bold")
    axes.set_ylim(place - 0.3, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _handles(own: Multiverse) -> Iterable[Artist]:
    for status, mask in status_masks(own).items():
        if mask.any():
            yield Line2D([], [], color=STATUS_COLOURS[status], linewidth=3.0, label=gettext(NAMES[status]))
    yield Line2D([], [], color="#1a1a1a", marker="o", linestyle="none", markersize=3, label=gettext("gain"))
