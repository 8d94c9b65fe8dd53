"""The small figure of gains on the first screen: rows estimators, columns what is predicted."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.evaluation.tables import LEFT
from harness.findings.gains import GainCell, Gains
from harness.language import gettext
from harness.record.study import ProtocolRecord, StudyRecord
from harness.report.drawing.canvas import SINGLE_COLUMN, FigureRenderer, RenderedFigure, new_figure
from harness.report.drawing.fonts import drawable, drawable_lines
from harness.report.drawing.forest import plot_whisker
from harness.report.sections.gain_figures import gain_limits, gain_whisker
from harness.tables.gain import GainStatus
from harness.text.numbers import percent
from harness.text.plain_text import file_slug, joined, shortened

LEADING = ("entities never seen", "later periods")
"""What the columns predict, where the study has protocols for it."""

PUBLISHED = "other rows, selected on"
PALE = "#bdbdbd"
MOST_COLUMNS = 2
LABEL, LONG_LABEL = 20, 24
"""Characters on a line of an estimator's name, where it has two lines and where it has one."""

TITLE, LOW_TITLE = 20, 12
"""The same of a protocol's title, over the narrower panels that longer names leave too."""

TALL, LOW = 0.28, 0.17
"""Inches of a row that has two lines for its name, and of one that has one."""

LEAST_ROWS, MOST_TALL = 3, 8
"""Room is for so many rows at least; with more than the latter, rows are low."""


def leading_protocols(study: StudyRecord) -> tuple[ProtocolRecord, ...]:
    """Return the protocols that columns are of: honest ones, entities never seen before later periods.

    Where the study has neither, the first honest ones stand there, and where none is honest the first of all.
    """
    by_use = {protocol.use: protocol for protocol in study.protocols}
    asked = tuple(by_use[LEFT[part]] for part in LEADING if LEFT[part] in by_use)
    apart = tuple(protocol for protocol in study.protocols if protocol.keeps_test_rows_apart)
    return (asked or apart or study.protocols)[:MOST_COLUMNS]


def published_protocol(study: StudyRecord) -> ProtocolRecord | None:
    """Return the protocol of published comparisons, drawn in pale grey; None where it is a column."""
    found = (protocol for protocol in study.protocols if protocol.use == LEFT[PUBLISHED])
    return next((protocol for protocol in found if protocol not in leading_protocols(study)), None)


def front_gains(gains: Gains, outcome: str, renderer: FigureRenderer) -> RenderedFigure:
    """Return the figure of the leading gains of one outcome over the study's reference."""
    study = gains.run.manifest.study
    pale = published_protocol(study)
    beside = (
        gettext(" Pale grey: “{title}”, where test rows take part in selecting.").format(title=pale.title)
        if pale
        else ""
    )
    columns = joined([f"“{protocol.title}”" for protocol in leading_protocols(study)])
    return renderer.render(
        f"front-gains-{file_slug(outcome)}",
        draw_front_gains(gains, outcome),
        alt=gettext("Gain of each estimator in predicting {outcome} under {columns}, with intervals.").format(
            outcome=study.label(outcome), columns=columns
        ),
        caption=(
            gettext(
                "Gain over {reference_label}, {level} intervals; filled: established under that "
                "protocol; open triangles: gains given the few periods tested.{beside}"
            ).format(reference_label=study.reference_label, level=percent(study.level, 0), beside=beside)
        ),
    )


def draw_front_gains(gains: Gains, outcome: str) -> Figure:
    """Return the figure of one outcome; rows are all estimators but the reference."""
    study = gains.run.manifest.study
    columns, pale = leading_protocols(study), published_protocol(study)
    candidates = gains.candidates
    cells = [[gains.cell(outcome, entry, protocol) for entry in candidates] for protocol in columns]
    beside = [gains.cell(outcome, entry, pale) for entry in candidates] if pale else []
    n_rows, is_crowded = max(LEAST_ROWS, len(candidates)), len(candidates) > MOST_TALL
    figure = new_figure(SINGLE_COLUMN, 0.8 + n_rows * (LOW if is_crowded else TALL))
    panels = figure.subplots(1, len(columns), sharex=True, sharey=True, squeeze=False)[0]
    start, end = gain_limits([*(cell for own in cells for cell in own), *beside])
    for axes, protocol, own in zip(panels, columns, cells, strict=True):
        axes.set_title(
            drawable_lines(protocol.title, LOW_TITLE if is_crowded else TITLE), loc="left", fontsize=8
        )
        _draw_column(axes, own, beside, start=start)
    labels = [
        drawable(shortened(entry.label, LONG_LABEL)) if is_crowded else drawable_lines(entry.label, LABEL)
        for entry in candidates
    ]
    panels[0].set_yticks(range(len(candidates)), labels, linespacing=1.0)
    panels[0].set_ylim(len(candidates) - 0.4, -0.6)
    panels[0].set_xlim(start, end)
    panels[0].xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    figure.supxlabel(
        gettext("Gain over {reference_label} (%)").format(
            reference_label=drawable(shortened(study.reference_label, 24))
        ),
        fontsize=8,
    )
    return figure


def _draw_column(axes: Axes, cells: Sequence[GainCell], beside: Sequence[GainCell], *, start: float) -> None:
    axes.axvline(0.0, color="#333333", linewidth=0.8)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0, pad=6.0)
    axes.spines["left"].set_visible(False)
    for place, cell in enumerate(beside):
        if cell.status is not GainStatus.MISSING and 100 * cell.row.gain >= start:
            # Above the white boxes behind the numbers of losses beyond the axis.
            axes.plot(100 * cell.row.gain, place + 0.28, marker="o", color=PALE, markersize=3.5, zorder=3.5)
    for place, cell in enumerate(cells):
        plot_whisker(axes, gain_whisker(cell), place, start=start)
