"""Specification curves: sorted gains with intervals, above the choices behind each, an outcome a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from harness.arrays import Floats, Mask
from harness.findings.multiverse import Multiverse, published_gains
from harness.findings.run import Run
from harness.language import marked, rendered, topic
from harness.record.manifest import StudyRecord
from harness.report.blocks import ReportFigure
from harness.report.drawing.canvas import DOUBLE_COLUMN, drawable, drawable_lines, new_figure
from harness.report.drawing.forest import cut_limits
from harness.report.drawing.lines import entry
from harness.report.drawing.palette import DECISION_STYLES, INK, PUBLISHED_COLOUR, LineStyle
from harness.report.sections.section import study_words
from harness.tables.claims import CLAIMS, ClaimRow
from harness.tables.decision import ABOVE, BELOW, OPEN, Decision
from harness.text.multiverse import choice_label, level_label
from harness.text.plain_text import file_slug, joined, shortened

gettext = topic("report.multiverse")


# Inches of the sorted gains, and of a line of choices.
CURVE_HEIGHT, LINE_HEIGHT = 2.6, 0.135
# Width of the panels, points.
PANEL_POINTS = 72.0 * 5.4
# Combinations above which their lines are drawn as a picture within the figure.
MOST_LINES = 600
# Half the height of a mark in its line.
TICK = 0.36
DOT = "#1a1a1a"
PUBLISHED_STYLE = LineStyle(PUBLISHED_COLOUR, (0, (5, 2)), 1.1)
# Outcomes next to one another.
MOST_CURVES = 3

# What decisions by the interval are called.
NAMES: Mapping[Decision, str] = {
    ABOVE: marked("interval above zero"),
    OPEN: marked("interval includes zero"),
    BELOW: marked("interval below zero"),
}
DRAWN: Final = ("estimate", "conf_low", "conf_high")


def specification_figures(run: Run, multiverses: Sequence[Multiverse]) -> Iterator[ReportFigure]:
    """Yield the specification curves, so many outcomes next to one another as have room."""
    study, claims = run.manifest.study, run.rows(CLAIMS)
    for first in range(0, len(multiverses), MOST_CURVES):
        own = multiverses[first : first + MOST_CURVES]
        published = [published_gains(claims, one) for one in own]
        labels = joined([study.label(one.outcome) for one in own])
        label = study.estimator_label(own[0].estimator)
        words = study_words(study) | {"estimator": label, "outcomes": labels}
        yield ReportFigure(
            f"multiverse-{file_slug(own[0].outcome)}",
            plot_specification_curves(study, own, published),
            alt=gettext(
                "Sorted gains of {estimator} in predicting {outcomes} under every combination of choices, "
                "with intervals."
            ).format(**words),
            caption=gettext(
                "Gain of {estimator} over the reference under every combination of choices, in increasing "
                "order, with {level} intervals clustered by {entity}. Marks below show the choices of each "
                "combination; triangles at the edge are losses beyond the axis."
            ).format(**words),
        )


def _limits(
    multiverses: Sequence[Multiverse], published: Iterable[Sequence[ClaimRow]]
) -> tuple[float, float]:
    """Return where the axis of gains begins and ends, per cent."""
    gains = (number for own in multiverses for name in DRAWN for number in own.numbers(name))
    return cut_limits(100.0 * number for number in chain(gains, (row.published for row in chain(*published))))


def plot_specification_curves(
    study: StudyRecord, multiverses: Sequence[Multiverse], published: Sequence[Sequence[ClaimRow]]
) -> Figure:
    """Return the figure of outcomes of one estimator, a column each."""
    choices = _levels(multiverses)
    below = LINE_HEIGHT * (sum(1 + len(levels) for levels in choices.values()) + 1)
    figure = new_figure(DOUBLE_COLUMN, 0.9 + CURVE_HEIGHT + below)
    grid = figure.subplots(
        2, len(multiverses), sharex="col", sharey="row", squeeze=False, height_ratios=[CURVE_HEIGHT, below]
    )
    limits = _limits(multiverses, published)
    for (curve, marks), own, claims in zip(grid.T, multiverses, published, strict=True):
        _plot_curve(curve, own, claims, limits)
        _plot_choices(marks, own, choices)
        if len(multiverses) > 1:
            curve.set_title(drawable_lines(study.label(own.outcome), 32))
        n = len(own.combinations)
        marks.set_xlim(-0.02 * n + 0.5, 1.02 * n + 0.5)
        marks.xaxis.set_major_locator(FixedLocator(round_positions(n, most=6 // len(multiverses) + 1)))
    _name_choices(grid[1, 0], study, choices)
    grid[0, 0].set_ylabel(gettext("Gain (%)"))
    n = max(len(own.combinations) for own in multiverses)
    figure.supxlabel(gettext("Combinations in the order of their gains ({n:,} in all)").format(n=n))
    handles = [
        entry(rendered(words), LineStyle(DECISION_STYLES[decision].colour, width=3.0))
        for decision, words in NAMES.items()
        if any(own.are(decision).any() for own in multiverses)
    ]
    if any(published):
        handles.append(entry(gettext("published gain"), PUBLISHED_STYLE))
    figure.legend(handles=handles, loc="outside upper left", ncols=4)
    return figure


def _levels(multiverses: Sequence[Multiverse]) -> dict[str, tuple[str, ...]]:
    """Return the choices of all outcomes, each with the levels of any."""
    found: dict[str, dict[str, None]] = {}
    for own in multiverses:
        for choice, levels in own.choices.items():
            found.setdefault(choice, {}).update(dict.fromkeys(levels))
    return {choice: tuple(levels) for choice, levels in found.items()}


def round_positions(n: int, *, most: int) -> list[int]:
    """Return the positions to be numbered on an axis from 1 to `n`: the first, then `most` round ones."""
    positions = MaxNLocator(nbins=most, integer=True).tick_values(1, n)
    return [1, *(int(position) for position in positions if 1 < position <= n)]


def _plot_curve(
    axes: Axes, own: Multiverse, published: Sequence[ClaimRow], limits: tuple[float, float]
) -> None:
    """Draw the sorted gains with their intervals; those beyond the axis are triangles at its edge."""
    start, end = limits
    gain, low, high = (100 * own.numbers(name) for name in DRAWN)
    axes.grid(axis="y")
    for decision in NAMES:
        _plot_strokes(axes, own.are(decision) & (high > start), low, high, decision, opacity=0.55)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    shown, size = gain >= start, max(1.2, min(3.0, 240.0 / gain.size))
    at = np.arange(1, gain.size + 1)
    axes.plot(at[shown], gain[shown], "o", markersize=size, color=DOT, rasterized=gain.size > MOST_LINES)
    if not shown.all():
        edge = np.full(np.count_nonzero(~shown), start)
        axes.plot(at[~shown], edge, "v", markersize=2.5, color=DOT, clip_on=False)
    for row in published:
        style = PUBLISHED_STYLE
        axes.axhline(100 * row.published, color=style.colour, linewidth=style.width, linestyle=style.dash)
    axes.set_ylim(start, end)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)


def _plot_strokes(
    axes: Axes, mask: Mask, low: Floats, high: Floats, decision: Decision, *, opacity: float
) -> None:
    """Draw an upright stroke for each combination in `mask`; all arrays are (n,)."""
    if not mask.any():
        return
    axes.vlines(
        np.flatnonzero(mask) + 1,
        low[mask],
        high[mask],
        colors=DECISION_STYLES[decision].colour,
        linewidths=min(1.6, max(0.35, 0.75 * PANEL_POINTS / mask.size)),
        alpha=opacity,
        rasterized=mask.size > MOST_LINES,
    )


def _plot_choices(axes: Axes, own: Multiverse, choices: Mapping[str, Sequence[str]]) -> None:
    """Draw a line of marks for each level, beneath a line for its choice."""
    at = 0
    for choice, levels in choices.items():
        for row, level in enumerate(levels, start=at + 1):
            line = np.full(len(own.combinations), float(row))
            axes.axhline(row, color="#ececec", linewidth=0.5, zorder=0)
            taken = own.taken(choice, [level])
            for decision in NAMES:
                shown = own.are(decision) & taken
                _plot_strokes(axes, shown, line - TICK, line + TICK, decision, opacity=1.0)
        at += 1 + len(levels)
    axes.set_ylim(at - 0.3, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _name_choices(axes: Axes, study: StudyRecord, choices: Mapping[str, Sequence[str]]) -> None:
    """Write the names of choices and levels at the left."""
    labels: list[str] = []
    headings: list[int] = []
    for choice, levels in choices.items():
        headings.append(len(labels))
        labels += [choice_label(choice), *(level_label(study, choice, level) for level in levels)]
    axes.set_yticks(range(len(labels)), [drawable(shortened(label, 30)) for label in labels])
    for heading in headings:
        axes.get_yticklabels()[heading].set_fontweight("bold")
