"""The section of how to reproduce the run, and of what its folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


class ReproduceSection(PackagedSection):
    """Command, seed, spec, data and versions, and the files of the run folder."""

    name: ClassVar[str] = "reproduce"
    title: ClassVar[str] = marked("How to reproduce")
    place: ClassVar[int] = 1600

    def content(self, _run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return nothing of its own; the manifest and the page have it all."""
        return SectionContent()
