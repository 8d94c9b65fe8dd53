"""The figure of gains: a dot for each estimator under each protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.findings.gains import GainCell, Gains
from harness.language import gettext
from harness.report.drawing.palette import STATUS_STYLES, Whisker
from harness.report.sections.section import study_words
from harness.tables.gain import GainStatus
from harness.text.plain_text import file_slug, shortened

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure


def gain_figure(gains: Gains, outcome: str, renderer: FigureRenderer) -> RenderedFigure:
    """Return the figure of the gains of one outcome over the study's reference, a panel a protocol."""
    from harness.report.drawing.forest import plot_forest

    study, cells = gains.run.manifest.study, gains.cells(outcome)
    words = study_words(study, outcome)
    panels = [
        (protocol.title, [gain_whisker(cell) for cell in cells if cell.protocol.id == protocol.id])
        for protocol in study.honest_first
    ]
    x_label = gettext("Gain over {reference} (%), right of zero is better").format(
        reference=shortened(study.reference_label, 40)
    )
    return renderer.render(
        f"gain-{file_slug(outcome)}",
        plot_forest(panels, x_label=x_label, most_loss=1.0, most_columns=4),
        alt=gettext(
            "Dots with intervals: gain of each estimator over {reference_label} in predicting {outcome} "
            "under each protocol. The numbers are in the table of gains."
        ).format(**words),
        caption=gettext(
            "Gain over {reference_label} in predicting {outcome}. One panel a protocol. Whiskers are {level} "
            "intervals from {draws} bootstrap draws of whole entities ({entity}), the trained models held "
            "fixed. Filled triangles are gains (pointing up) and losses (pointing down) that are "
            "established, open triangles gains given the few periods tested, open circles those that are "
            "not; an arrow at the left edge is a loss beyond the axis."
        ).format(**words),
    )


def gain_whisker(cell: GainCell) -> Whisker:
    """Return a gain in per cent as it is drawn; a cell without one says why."""
    row = cell.row
    note, style = gettext(row.status) if cell.status is GainStatus.MISSING else "", STATUS_STYLES[cell.status]
    gain = Whisker(cell.estimator.label, row.gain, row.conf_low, row.conf_high, style, note=note)
    return gain.in_percent()
