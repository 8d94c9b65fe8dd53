"""The section of published numbers: a publication figure by figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.claims.figures import published_figures
from harness.report.sections.claims.markdown import markdown
from harness.report.sections.claims.rows import claim_rows
from harness.report.sections.section import PackagedSection, ReportFile, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer
    from harness.study.spec.study import ReportFormat

MARKDOWN = "tables/figure_by_figure.md"


class ClaimsSection(PackagedSection):
    """Every published number: printed, recomputed, as published, as it should be, and how it stands."""

    name: ClassVar[str] = "claims"
    title: ClassVar[str] = marked("Published numbers")
    place: ClassVar[int] = 1000

    def is_present(self, run: Run, /) -> bool:
        """Return whether the spec declares published numbers."""
        return bool(claim_rows(run))

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the tables and figures of the publication."""
        return SectionContent(published_figures(run), gettext("Published numbers, figure by figure"))

    def files(self, run: Run, report_format: ReportFormat, /) -> Iterator[ReportFile]:
        """Yield the section as Markdown."""
        if report_format == "markdown" and self.is_present(run):
            text = markdown(published_figures(run))
            yield ReportFile(MARKDOWN, text, gettext("the publication figure by figure, as Markdown"))
