"""The section of diagnostics of the fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.diagnostics.rows import selections
from harness.report.sections.diagnostics.table import DiagnosticTable, diagnostic_table
from harness.report.sections.section import PackagedSection, SectionContent
from harness.tables.coefficients import DIAGNOSTICS, STATISTICS

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


@dataclass(frozen=True)
class OutcomeDiagnostics:
    """The diagnostics for one outcome."""

    label: str
    table: DiagnosticTable


class DiagnosticsSection(PackagedSection):
    """What fits tell of themselves: tests, statistics, what they chose."""

    name: ClassVar[str] = "diagnostics"
    title: ClassVar[str] = marked("Diagnostics")
    place: ClassVar[int] = 1300

    def is_present(self, run: Run, /) -> bool:
        """Return whether any fit tells of tests, statistics or what it chose."""
        return bool(run.rows(DIAGNOSTICS) or run.rows(STATISTICS) or run.view(selections))

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the diagnostics for every outcome."""
        study = run.manifest.study
        return SectionContent(
            tuple(
                OutcomeDiagnostics(study.label(outcome), diagnostic_table(run, outcome))
                for outcome in study.outcomes
            ),
            gettext("Diagnostics of the fits"),
        )
