"""The section of where the gain comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.report.model.featured import featured
from harness.report.model.gains import Gains
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
    from harness.report.sections.origin.table import DecompositionTable


@dataclass(frozen=True, eq=False)
class OutcomeOrigin:
    """Where the gains of one outcome come from; `figures` holds at most one."""

    label: str
    sentences: tuple[str, ...]
    table: DecompositionTable
    figures: tuple[RenderedFigure, ...]


class OriginSection(PackagedSection):
    """The in-sample gain taken apart."""

    name: ClassVar[str] = "origin"
    title: ClassVar[str] = "Where the gain comes from"
    place: ClassVar[int] = 500

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the gains of every outcome, taken apart."""
        from harness.report.sections.origin.figure import waterfall_figures
        from harness.report.sections.origin.rows import decompositions
        from harness.report.sections.origin.table import decomposition_table
        from harness.report.sections.origin.text import origin

        study = run.manifest.study
        shown = tuple(
            OutcomeOrigin(
                label=study.label(outcome),
                sentences=origin(study, decompositions(run, outcome), featured(run)),
                table=decomposition_table(Gains(run), outcome),
                figures=tuple(waterfall_figures(Gains(run), outcome, renderer)),
            )
            for outcome in study.outcomes
        )
        return SectionContent(shown, figures=tuple(figure for part in shown for figure in part.figures))
