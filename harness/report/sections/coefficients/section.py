"""The section of coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.run import Run
from harness.report.sections.coefficients.table import ShownCoefficients, coefficient_table
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


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
