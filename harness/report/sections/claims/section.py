"""The section of published numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.report.model.run import Run
from harness.report.sections.claims.table import MEANINGS, ClaimTable, claim_rows, claim_table
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


@dataclass(frozen=True)
class ShownClaims:
    """The table of claims, and what each status means."""

    table: ClaimTable
    meanings: tuple[tuple[str, str], ...] = MEANINGS


class ClaimsSection(PackagedSection):
    """Published numbers beside those recomputed from them and those of the run."""

    name: ClassVar[str] = "claims"
    title: ClassVar[str] = "Published numbers"
    place: ClassVar[int] = 1000

    def is_present(self, run: Run, /) -> bool:
        """Return whether the spec declares published numbers."""
        return bool(claim_rows(run))

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the table of claims."""
        return SectionContent(ShownClaims(claim_table(run)))
