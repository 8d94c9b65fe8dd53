"""The figures of gains: dots for estimators under each protocol, and bars of what is left of each gain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.evaluation.tables import LEFT
from harness.findings.gains import GainCell, Gains
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
from harness.report.drawing.forest import Whisker, cut_limits, forest_panels, plot_forest, plot_whisker
from harness.report.drawing.palette import PART_STYLES, STATUS_STYLES, MarkStyle
from harness.tables.gain import GainStatus, PartRow
from harness.text.numbers import count, fixed, percent
from harness.text.plain_text import capitalised, file_slug, listed, shortened

PartsLeft = Mapping[str, Mapping[str, PartRow]]
"""What is left of the gain of each estimator, by the name of the part; those that the run has."""

# Of intervals over bars.
INTERVAL_STYLE = MarkStyle("#1a1a1a", "#1a1a1a", marker="")
# Share of the width of a panel of bars that the numbers at its right take.
NUMBERS = 0.24


def gain_figure(gains: Gains, outcome: str, renderer: FigureRenderer) -> RenderedFigure:
    """Return the figure of the gains of one outcome over the study's reference."""
    study = gains.run.manifest.study
    return renderer.render(
        f"gain-{file_slug(outcome)}",
        plot_gains(gains, outcome),
        alt=gettext(
            "Dots with intervals: gain of each estimator over {reference_label} in predicting {outcome} "
            "under each protocol. The numbers are in the table of gains."
        ).format(reference_label=study.reference_label, outcome=study.label(outcome)),
        caption=_captioned(
            study,
            outcome,
            gettext(
                "Gain over {reference_label} in predicting {outcome}. One panel a protocol. Whiskers are "
                "{level} intervals from {draws} bootstrap draws of whole entities ({entity}), the trained "
                "models held fixed. Filled triangles are gains (pointing up) and losses (pointing down) that "
                "are established, open triangles gains given the few periods tested, open circles those that "
                "are not; an arrow at the left edge is a loss beyond the axis."
            ),
        ),
    )


def left_figure(gains: Gains, outcome: str, found: PartsLeft, renderer: FigureRenderer) -> RenderedFigure:
    """Return the figure of what is left of the gains of an outcome with any."""
    study = gains.run.manifest.study
    order = [entry.id for entry in gains.candidates]
    own = {name: found[name] for name in sorted(found, key=order.index)}
    return renderer.render(
        f"origin-{file_slug(outcome)}",
        plot_gains_left(study, own),
        alt=gettext(
            "Bars: what is left of the gain over {reference_label} in predicting {outcome}, for {join}. The "
            "numbers are in the table."
        ).format(
            reference_label=study.reference_label,
            outcome=study.label(outcome),
            join=listed(map(study.estimator_label, own)),
        ),
        caption=_captioned(
            study,
            outcome,
            gettext(
                "What is left of the gain over {reference_label} in predicting {outcome}. One panel an "
                "estimator, from rows at hand downwards. Each bar is the gain under one protocol, a "
                "fraction of the error that the reference has there; bars are not parts of one gain. "
                "Hatched: the rows compared on took part in fitting or selecting; dark: entities never seen. "
                "Whiskers are {level} intervals from {draws} bootstrap draws of whole entities ({entity}), "
                "the trained models held fixed; an arrow at the left edge is a loss beyond the axis. The "
                "numbers are per cent."
            ),
        ),
    )


def _captioned(study: StudyRecord, outcome: str, message: str) -> str:
    """Return a caption with what it says of the reference, the outcome and the intervals."""
    return message.format(
        reference_label=study.reference_label,
        outcome=study.label(outcome),
        level=percent(study.level, 0),
        draws=count(study.draws),
        entity=study.label(study.entity),
    )


def gain_limits(cells: Iterable[GainCell]) -> tuple[float, float]:
    """Return where an axis of gains begins and ends, per cent; what lies below it is drawn as an arrow."""
    rows = [cell.row for cell in cells]
    return cut_limits(number for row in rows for number in (row.gain, row.conf_low, row.conf_high))


def gain_whisker(cell: GainCell) -> Whisker:
    """Return a gain in per cent as it is drawn; a cell without one says why."""
    row = cell.row
    return Whisker(
        cell.estimator.label,
        100.0 * row.gain,
        100.0 * row.conf_low,
        100.0 * row.conf_high,
        style=STATUS_STYLES[cell.status],
        note=gettext(row.status) if cell.status is GainStatus.MISSING else "",
    )


def plot_gains(gains: Gains, outcome: str) -> Figure:
    """Return the gains of every estimator but the reference, a panel a protocol."""
    study, cells = gains.run.manifest.study, gains.cells(outcome)
    panels = [
        (protocol.title, [gain_whisker(cell) for cell in cells if cell.protocol.id == protocol.id])
        for protocol in study.honest_first
    ]
    x_label = gettext("Gain over {reference} (%), right of zero is better").format(
        reference=shortened(study.reference_label, 40)
    )
    return plot_forest(panels, x_label=x_label, limits=gain_limits(cells), most_columns=4)


def plot_gains_left(study: StudyRecord, found: PartsLeft) -> Figure:
    """Return what is left of the gains of at least one estimator, a panel each."""
    parts = [name for name in LEFT if any(name in own for own in found.values())]
    figure, grid = forest_panels(
        [study.estimator_label(name) for name in found],
        [capitalised(gettext(name)) for name in parts],
        x_label=gettext("Gain over {reference} (%)").format(reference=shortened(study.reference_label, 40)),
    )
    rows = [row for own in found.values() for row in own.values()]
    start, end = cut_limits(
        (number for row in rows for number in (row.estimate, row.conf_low, row.conf_high)), most_loss=1.2
    )
    for axes, own in zip(grid, found.values(), strict=True):
        for position, name in enumerate(parts):
            if name in own:
                _plot_part(axes, own[name], position, start=start)
    grid[0].set_xlim(start, end + NUMBERS / (1.0 - NUMBERS) * (end - start))
    return figure


def _plot_part(axes: Axes, row: PartRow, position: int, *, start: float) -> None:
    """Draw a bar from zero with its interval, cut where the axis begins, and its number at the right."""
    gain, low, high = (100.0 * number for number in (row.estimate, row.conf_low, row.conf_high))
    style, end = PART_STYLES[row.part], max(gain, start)
    axes.barh(
        position,
        abs(end),
        left=min(end, 0.0),
        height=0.62,
        facecolor=style.fill,
        edgecolor=style.colour,
        hatch=style.hatch,
        linewidth=0.7,
        zorder=2,
    )
    plot_whisker(axes, Whisker("", end, low, high, INTERVAL_STYLE), position, start=start)
    axes.annotate(
        fixed(gain, 1),
        (1.0, position),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center",
        fontsize=8,
    )
