"""The section of conditions of the effect, with a page of surfaces that can be turned."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.moderators.rows import conditional
from harness.report.sections.moderators.table import ConditionalTable, conditional_table
from harness.report.sections.section import PackagedSection, ReportFile, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
    from harness.study.spec.study import ReportFormat

SURFACES = "surfaces.html"
LIBRARY = "plotly"
"""Draws what can be turned; whoever has no use for that need not install it."""


@dataclass(frozen=True, eq=False)
class ShownModerator:
    """One moderator."""

    table: ConditionalTable
    figures: tuple[RenderedFigure, ...]


@dataclass(frozen=True, eq=False)
class ShownConditions:
    """Every moderator, whether there are surfaces, and whether these have a page to turn them on."""

    moderators: tuple[ShownModerator, ...]
    has_surfaces: bool
    can_turn: bool


class ModeratorsSection(PackagedSection):
    """How the effect depends on moderators."""

    name: ClassVar[str] = "moderators"
    title: ClassVar[str] = marked("Conditions")
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
            ShownConditions(shown, has_surfaces=bool(run.view(conditional).surfaces), can_turn=can_turn()),
            gettext("Conditions of the effect"),
            figures,
        )

    def files(self, run: Run, report_format: ReportFormat, /) -> Iterator[ReportFile]:
        """Yield the page of surfaces that can be turned, where there are surfaces and what draws them."""
        from harness.report.sections.moderators.page import surface_page

        if report_format == "html" and can_turn() and run.view(conditional).surfaces:
            yield ReportFile(
                SURFACES, surface_page(run), gettext("surfaces that can be turned, offline as well")
            )


def can_turn() -> bool:
    """Return whether what draws surfaces to turn is installed; it is not imported."""
    return importlib.util.find_spec(LIBRARY) is not None
