"""The section that goes through a publication figure by figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from harness.report.model.run import Run
from harness.report.sections.claims.table import claim_rows
from harness.report.sections.figures.figures import published_figures
from harness.report.sections.figures.markdown import markdown
from harness.report.sections.section import PackagedSection, ReportFile, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer
    from harness.spec.study import ReportFormat

MARKDOWN = "tables/figure_by_figure.md"


class FiguresSection(PackagedSection):
    """Every published table and figure: printed, as published, as it should be, and why they differ."""

    name: ClassVar[str] = "figures"
    title: ClassVar[str] = "Figure by figure"
    place: ClassVar[int] = 950

    def is_present(self, run: Run, /) -> bool:
        """Return whether the spec declares published numbers."""
        return bool(claim_rows(run))

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the tables and figures."""
        return SectionContent(published_figures(run), "The publication, figure by figure")

    def files(self, run: Run, report_format: ReportFormat, /) -> Iterator[ReportFile]:
        """Yield the section as Markdown."""
        if report_format == "markdown" and self.is_present(run):
            text = markdown(published_figures(run))
            yield ReportFile(MARKDOWN, text, "the publication figure by figure, as Markdown")
