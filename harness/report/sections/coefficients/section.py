"""The section of coefficients, also for LaTeX and Word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.coefficients.docx import docx_coefficients
from harness.report.sections.coefficients.latex import latex_coefficients
from harness.report.sections.coefficients.table import ShownCoefficients, coefficient_table
from harness.report.sections.section import PackagedSection, ReportFile, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer
    from harness.spec.study import ReportFormat

LATEX = "tables/coefficients.tex"
DOCX = "tables/coefficients.docx"


@dataclass(frozen=True)
class OutcomeCoefficients:
    """The coefficients for one outcome; `axis_label` is its label with the unit."""

    label: str
    axis_label: str
    table: ShownCoefficients


class CoefficientsSection(PackagedSection):
    """The coefficients of all estimators side by side."""

    name: ClassVar[str] = "coefficients"
    title: ClassVar[str] = marked("Coefficients")
    place: ClassVar[int] = 1200

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the coefficients for every outcome."""
        study = run.manifest.study
        return SectionContent(
            tuple(
                OutcomeCoefficients(
                    study.label(outcome), study.axis_label(outcome), coefficient_table(run, outcome)
                )
                for outcome in study.outcomes
            )
        )

    def files(self, run: Run, report_format: ReportFormat, /) -> Iterator[ReportFile]:
        """Yield the tables for LaTeX or Word where any estimator has coefficients."""
        if report_format == "latex" and (table := latex_coefficients(run)):
            yield ReportFile(LATEX, table, gettext("the coefficients of all estimators for LaTeX"))
        if report_format == "docx" and (document := docx_coefficients(run)):
            yield ReportFile(DOCX, document, gettext("the coefficients of all estimators for Word"))
