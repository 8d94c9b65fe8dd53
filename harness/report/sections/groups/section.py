"""The section of groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.run import Run
from harness.report.sections.groups.rows import groups_of
from harness.report.sections.groups.table import GroupTable, group_table
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure


@dataclass(frozen=True, eq=False)
class ShownPartition:
    """The groups by one column."""

    table: GroupTable
    figures: tuple[RenderedFigure, ...]


class GroupsSection(PackagedSection):
    """Levels and effects by group, and the differences between groups."""

    name: ClassVar[str] = "groups"
    title: ClassVar[str] = marked("Groups")
    place: ClassVar[int] = 800

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run tells groups apart."""
        return bool(run.view(groups_of).rows)

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the groups by every column."""
        from harness.report.sections.groups.scenes import group_figures

        groups = run.view(groups_of)
        shown = tuple(
            ShownPartition(group_table(run, partition), tuple(group_figures(run, partition, renderer)))
            for partition in groups.partitions
        )
        return SectionContent(
            shown,
            figures=tuple(figure for part in shown for figure in part.figures),
            drawn_names=tuple(dict.fromkeys(row.group for row in groups.rows)),
        )
