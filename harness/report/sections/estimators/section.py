"""The section of estimators with their options, of warnings, and of cells without a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent
from harness.tables.table import NOT_DONE

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


class EstimatorsSection(PackagedSection):
    """Estimators with their options, warnings, and cells without a result."""

    name: ClassVar[str] = "estimators"
    title: ClassVar[str] = marked("Estimators and warnings")
    place: ClassVar[int] = 1500

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the cells without a result; estimators and warnings are known to the page."""
        undone = tuple(cell for cell in run.manifest.cells if cell.status in NOT_DONE)
        return SectionContent(undone)
