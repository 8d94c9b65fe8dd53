"""The section of net effect curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.report.model.run import Run
from harness.report.sections.curves.rows import curve_rows, curve_scenarios
from harness.report.sections.curves.table import TurningTableRow, turning_table
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.text.plain_text import joined
from harness.tables.preparation import WARNINGS

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer, RenderedFigure


EXTRAPOLATED = "W-EXTRAPOLATED"


@dataclass(frozen=True, eq=False)
class OutcomeCurves:
    """The curves for one outcome; `levels`, `slopes` and `ales` hold a figure for each scenario with curves.

    Attributes
    ----------
    axis_label : of the outcome, with its unit
    n_without_turning : curves that have no interior turning point
    without_curve : estimators that have no curve, each with the reason
    """

    label: str
    axis_label: str
    levels: tuple[RenderedFigure, ...]
    turning: tuple[TurningTableRow, ...]
    n_without_turning: int
    slopes: tuple[RenderedFigure, ...]
    ales: tuple[RenderedFigure, ...]
    without_curve: tuple[tuple[str, str], ...]

    @property
    def figures(self) -> tuple[RenderedFigure, ...]:
        """Every figure of the outcome."""
        return (*self.levels, *self.slopes, *self.ales)


@dataclass(frozen=True, eq=False)
class ShownCurves:
    """All outcomes side by side, then each alone.

    Attributes
    ----------
    exposures : what curves are drawn over
    extrapolates : whether a warning says where they extrapolate
    """

    exposures: str
    extrapolates: bool
    together: tuple[RenderedFigure, ...]
    outcomes: tuple[OutcomeCurves, ...]


class CurvesSection(PackagedSection):
    """Net effect curves, their turning points and slopes, and accumulated local effects."""

    name: ClassVar[str] = "curves"
    title: ClassVar[str] = marked("Net effect curves")
    place: ClassVar[int] = 700

    def is_present(self, run: Run, /) -> bool:
        """Return whether the run asks for curves; where no estimator gave one, there are the reasons."""
        return bool(curve_rows(run))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return the curves for every outcome."""
        from harness.report.sections.curves.ale_figure import ale_figures
        from harness.report.sections.curves.scenes import curve_figures, outcomes_figures

        study = run.manifest.study
        together = tuple(outcomes_figures(run, renderer))
        outcomes = tuple(
            OutcomeCurves(
                label=study.label(outcome),
                axis_label=study.axis_label(outcome),
                levels=tuple(curve_figures(run, outcome, "level", renderer)),
                turning=tuple(row for row in turning_table(run, outcome) if row.at),
                n_without_turning=sum(not row.at for row in turning_table(run, outcome)),
                slopes=tuple(curve_figures(run, outcome, "slope", renderer)),
                ales=tuple(ale_figures(run, outcome, renderer)),
                without_curve=_without_curve(run, outcome),
            )
            for outcome in study.outcomes
        )
        return SectionContent(
            ShownCurves(_exposures(run, study.axis_label), extrapolates(run), together, outcomes),
            gettext("Net effect of {exposures}").format(exposures=_exposures(run, study.label)),
            figures=(*together, *(figure for part in outcomes for figure in part.figures)),
        )


def extrapolates(run: Run) -> bool:
    """Return whether a warning says that at some exposures most rows have no others near them."""
    return any(note.code == EXTRAPOLATED for note in run.rows(WARNINGS))


def _exposures(run: Run, label: Callable[[str], str]) -> str:
    """Return what curves are drawn over; the study's exposure where there are none."""
    study = run.manifest.study
    asked = dict.fromkeys(map(study.exposure_of, curve_scenarios(run))) or (study.exposure,)
    return joined([label(name) for name in asked])


def _without_curve(run: Run, outcome: str) -> tuple[tuple[str, str], ...]:
    reasons = {
        row.estimator: row.reason for row in curve_rows(run) if row.outcome == outcome and not row.is_done
    }
    return tuple((run.manifest.study.estimator_label(name), reason) for name, reason in reasons.items())
