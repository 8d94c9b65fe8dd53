"""The section of conditions of the effect, with a page of surfaces that can be turned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.report.model.run import Run
from harness.report.sections.moderators.rows import conditional
from harness.report.sections.moderators.table import ConditionalTable, conditional_table
from harness.report.sections.section import PackagedSection, ReportFile, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
    from harness.spec.study import ReportFormat

SURFACES = "surfaces.html"


@dataclass(frozen=True, eq=False)
class ShownModerator:
    """One moderator."""

    table: ConditionalTable
    figures: tuple[RenderedFigure, ...]


@dataclass(frozen=True, eq=False)
class ShownConditions:
    """Every moderator, and whether there are surfaces, which a page of their own has."""

    moderators: tuple[ShownModerator, ...]
    has_surfaces: bool


class ModeratorsSection(PackagedSection):
    """How the effect depends on moderators."""

    name: ClassVar[str] = "moderators"
    title: ClassVar[str] = "Conditions"
    place: ClassVar[int] = 900

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run asks how the effect depends on a moderator."""
        return bool(run.view(conditional).effect_rows)

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the effect along every moderator."""
        from harness.report.sections.moderators.scenes import surface_figures

        shown = tuple(
            ShownModerator(conditional_table(run, question), tuple(surface_figures(run, question, renderer)))
            for question in run.view(conditional).questions
        )
        figures = tuple(figure for part in shown for figure in part.figures)
        return SectionContent(
            ShownConditions(shown, has_surfaces=bool(run.view(conditional).surfaces)),
            "Conditions of the effect",
            figures,
        )

    def files(self, run: Run, report_format: ReportFormat, /) -> Iterator[ReportFile]:
        """Yield the page of surfaces that can be turned, where there are surfaces."""
        from harness.report.sections.moderators.page import surface_page

        if report_format == "html" and run.view(conditional).surfaces:
            yield ReportFile(SURFACES, surface_page(run), "surfaces that can be turned, offline as well")
