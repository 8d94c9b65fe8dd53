"""The section with the figure of gains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.language import marked
from harness.report.blocks import ReportBlock, tabs_of
from harness.report.model.gains import Gains
from harness.report.model.run import Run
from harness.report.sections.section import Section

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def gain_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield a figure for every outcome, where any estimator is compared with the reference."""
    from harness.report.sections.gains.figure import gain_figure

    study, gains = run.manifest.study, Gains(run)
    if gains.candidates:
        yield tabs_of(
            (study.label(outcome), [gain_figure(gains, outcome, renderer)]) for outcome in study.outcomes
        )


GAINS_SECTION = Section(
    name="gains",
    title=marked("Figure of gains"),
    place=400,
    content=gain_blocks,
    heading=marked("Gains and their intervals"),
)
