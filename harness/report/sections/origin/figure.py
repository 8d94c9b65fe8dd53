"""The figure of what is left of the gains: a panel for each estimator, from rows at hand downwards."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.evaluation.tables import LEFT
from harness.findings.gains import Gains
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import DOUBLE_COLUMN, FigureRenderer, RenderedFigure, facets, new_figure
from harness.report.drawing.fonts import drawable
from harness.report.drawing.marks import name_rows, zero_axis
from harness.report.drawing.palette import PART_STYLES
from harness.report.sections.origin.rows import GainLeft, gains_left
from harness.tables.gain import PartRow
from harness.text.numbers import count, fixed, percent
from harness.text.plain_text import capitalised, file_slug, listed, shortened, wrapped

PANELS_IN_A_ROW = 3
ROW_HEIGHT = 0.29
BAR = 0.62
LEAST_REACH = 0.25
"""The axis reaches at least this far to either side where there is something to show, fractions."""

LOSS_SHARE = 1.2
"""It reaches at most so many times as far below zero as above."""

LABEL_WIDTH = 20
"""Most characters of a line of the labels at the left."""

NUMBERS = 0.24
"""Share of the width of a panel that the numbers at its right take."""


def left_figure(gains: Gains, outcome: str, renderer: FigureRenderer) -> RenderedFigure:
    """Return the figure of what is left of the gains of an outcome with any."""
    study = gains.run.manifest.study
    order = [entry.id for entry in gains.candidates]
    found = sorted(gains_left(gains.run, outcome), key=lambda left: order.index(left.estimator))
    labels = [study.estimator_label(left.estimator) for left in found]
    return renderer.render(
        f"origin-{file_slug(outcome)}",
        plot_gains_left(found, labels, reference=study.reference_label),
        alt=gettext(
            "Bars: what is left of the gain over {reference_label} in predicting {outcome}, "
            "for {join}. The numbers are in the table."
        ).format(reference_label=study.reference_label, outcome=study.label(outcome), join=listed(labels)),
        caption=left_caption(study, outcome),
    )


def left_caption(study: StudyRecord, outcome: str) -> str:
    """Return the caption of the figure of what is left of the gains."""
    return gettext(
        "What is left of the gain over {reference_label} in predicting {outcome}. One panel an "
        "estimator, from rows at hand downwards. Each bar is the gain under one protocol, a "
        "fraction of the error that the reference has there; bars are not parts of one gain. "
        "Hatched: the rows compared on took part in fitting or selecting; dark: entities never "
        "seen. Whiskers are {level} intervals from {draws} bootstrap draws of whole entities "
        "({entity}), the trained models held fixed; an arrow at the left edge is a loss beyond "
        "the axis. The numbers are per cent."
    ).format(
        reference_label=study.reference_label,
        outcome=study.label(outcome),
        level=percent(study.level, 0),
        draws=count(study.draws),
        entity=study.label(study.entity),
    )


def axis_limits(found: Sequence[GainLeft]) -> tuple[float, float]:
    """Return where the axis begins and ends, per cent: it shows every gain, but not every loss."""
    ends = [
        100 * end
        for left in found
        for row in left.parts
        for end in (row.estimate, row.conf_low, row.conf_high)
    ]
    highest = max([*ends, 100 * LEAST_REACH])
    lowest = max(min([*ends, 0.0]), -LOSS_SHARE * highest)
    return 1.04 * lowest, 1.04 * highest


def plot_gains_left(found: Sequence[GainLeft], labels: Sequence[str], *, reference: str) -> Figure:
    """Return the figure of one outcome.

    Parameters
    ----------
    found : at least one; a panel each
    labels : how their estimators are called
    reference : how the reference is called
    """
    parts = [name for name in LEFT if any(left.part(name) for left in found)]
    n_columns = min(PANELS_IN_A_ROW, len(found))
    n_rows = math.ceil(len(found) / n_columns)
    figure = new_figure(DOUBLE_COLUMN, 0.45 + n_rows * (0.45 + ROW_HEIGHT * len(parts)))
    grid = facets(figure, len(found), (n_rows, n_columns))
    start, end = axis_limits(found)
    for axes, left, label in zip(grid, found, labels, strict=True):
        axes.set_title(drawable(shortened(label, 34)), loc="left")
        _plot_panel(axes, [left.part(name) for name in parts], start=start)
    first = grid[0]
    name_rows(first, [_wrapped(name) for name in parts])
    first.set_xlim(start, end + NUMBERS / (1.0 - NUMBERS) * (end - start))
    first.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    figure.supxlabel(
        gettext("Gain over {reference} (%)").format(reference=drawable(shortened(reference, 40))), fontsize=8
    )
    return figure


def _wrapped(name: str) -> str:
    """Return the name of a part on at most two lines."""
    return wrapped(capitalised(gettext(name)), LABEL_WIDTH, lines=2)


def _plot_panel(axes: Axes, rows: Sequence[PartRow | None], *, start: float) -> None:
    zero_axis(axes, room=6)
    axes.tick_params(axis="x", labelbottom=True)
    for place, row in enumerate(rows):
        if row is None:
            continue
        _plot_bar(axes, row, place, start=start)
        axes.annotate(
            fixed(100 * row.estimate, 1),
            (1.0, place),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=8,
        )


def _plot_bar(axes: Axes, row: PartRow, place: int, *, start: float) -> None:
    left, right = sorted((0.0, 100 * row.estimate))
    style = PART_STYLES[row.part]
    axes.barh(
        place,
        right - max(left, start),
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
    low, high = (max(100 * limit, start) for limit in (row.conf_low, row.conf_high))
    if high > start:
        axes.plot([low, high], [place, place], color="#1a1a1a", linewidth=0.9, zorder=3)
        caps = [limit for limit in (low, high) if limit > start]
        axes.plot(caps, [place] * len(caps), "|", color="#1a1a1a", markersize=4, zorder=3)
