"""The section of contrasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.contrasts.rows import contrast_questions, contrast_rows
from harness.report.sections.contrasts.table import ContrastTable, contrast_table
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure


@dataclass(frozen=True, eq=False)
class ShownContrasts:
    """The contrasts of one question."""

    table: ContrastTable
    figures: tuple[RenderedFigure, ...]


class ContrastsSection(PackagedSection):
    """Differences between the values of an exposure that has few: of all rows, by group, by moderator."""

    name: ClassVar[str] = "contrasts"
    title: ClassVar[str] = marked("Contrasts")
    place: ClassVar[int] = 750

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run asks for contrasts."""
        return bool(contrast_rows(run))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the contrasts of every question."""
        from harness.report.sections.contrasts.scenes import contrast_figures

        shown = tuple(
            ShownContrasts(contrast_table(run, question), tuple(contrast_figures(run, question, renderer)))
            for question in contrast_questions(run)
        )
        study = run.manifest.study
        return SectionContent(
            shown,
            gettext("Contrasts of {exposure}").format(exposure=study.label(study.exposure)),
            figures=tuple(figure for part in shown for figure in part.figures),
            drawn_names=tuple(dict.fromkeys(row.group for row in contrast_rows(run) if row.group)),
        )
