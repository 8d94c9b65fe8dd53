"""The section with the figure of gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.gains import Gains
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure


@dataclass(frozen=True, eq=False)
class OutcomeGains:
    """The figure of one outcome."""

    label: str
    figure: RenderedFigure


class GainsSection(PackagedSection):
    """The gains of every outcome with their intervals."""

    name: ClassVar[str] = "gains"
    title: ClassVar[str] = marked("Figure of gains")
    place: ClassVar[int] = 400

    def is_present(self, run: Run, /) -> bool:
        """Return whether any estimator is compared with the reference."""
        return bool(Gains(run).candidates)

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return a figure for every outcome."""
        from harness.report.sections.gains.figure import gain_figure

        study, gains = run.manifest.study, Gains(run)
        shown = tuple(
            OutcomeGains(study.label(outcome), gain_figure(gains, outcome, renderer))
            for outcome in study.outcomes
        )
        figures = tuple(part.figure for part in shown)
        return SectionContent(shown, gettext("Gains and their intervals"), figures)
