"""The section of what is left of the gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.gains import Gains
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
    from harness.report.sections.origin.table import DecompositionTable


@dataclass(frozen=True, eq=False)
class OutcomeOrigin:
    """What is left of the gains of one outcome; `figures` holds at most one."""

    label: str
    sentences: tuple[str, ...]
    table: DecompositionTable
    figures: tuple[RenderedFigure, ...]


class OriginSection(PackagedSection):
    """The gains under each protocol, from rows at hand to entities never seen."""

    name: ClassVar[str] = "origin"
    title: ClassVar[str] = marked("What is left of the gain")
    place: ClassVar[int] = 500

    def is_present(self, run: Run, /) -> bool:
        """Return whether any estimator is compared with the reference."""
        return bool(Gains(run).candidates)

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return what is left of the gains of every outcome."""
        from harness.report.sections.origin.figure import left_figures
        from harness.report.sections.origin.rows import gains_left
        from harness.report.sections.origin.table import decomposition_table
        from harness.report.sections.origin.text import never_seen

        study = run.manifest.study
        shown = tuple(
            OutcomeOrigin(
                label=study.label(outcome),
                sentences=tuple(never_seen(study, gains_left(run, outcome))),
                table=decomposition_table(Gains(run), outcome),
                figures=tuple(left_figures(Gains(run), outcome, renderer)),
            )
            for outcome in study.outcomes
        )
        return SectionContent(shown, figures=tuple(figure for part in shown for figure in part.figures))
