"""The section of thresholds and treatments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import gettext, marked
from harness.reporting import MISSING, PackagedSection, Run, SectionContent, count, estimate, fixed
from harness_panel.report.rows import Fit, NumberTestRow, PreTrendRow, rivals

if TYPE_CHECKING:
    from harness.drawing import FigureRenderer, RenderedFigure


@dataclass(frozen=True)
class BreakText:
    """One threshold in words."""

    label: str
    variable: str
    place: str
    limits: str
    tests: str


@dataclass(frozen=True, eq=False)
class ShownRivals:
    """Thresholds in words, sentences on treatments, and the figures of both."""

    breaks: tuple[BreakText, ...]
    pre_trends: tuple[str, ...]
    figures: tuple[RenderedFigure, ...]


class ThresholdsSection(PackagedSection):
    """Places of thresholds with their likelihood, and effects since a treatment started."""

    name: ClassVar[str] = "thresholds"
    title: ClassVar[str] = marked("Thresholds and treatments")
    place: ClassVar[int] = 780

    def is_present(self, run: Run, /) -> bool:
        """Return whether any fit has a threshold or tells of a treatment."""
        return bool(run.view(rivals).breaks or run.view(rivals).events)

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return thresholds, event studies and their figures."""
        from harness_panel.report.figures import figures_of

        study = run.manifest.study
        fits = [(outcome, entry.id) for outcome in study.outcomes for entry in study.estimators]
        figures = tuple(figure for fit in fits for figure in figures_of(run, fit, renderer))
        breaks = tuple(text for fit in fits for text in _breaks(run, fit))
        found = [(fit, run.view(rivals).pre_trend_of(fit)) for fit in fits]
        sentences = tuple(_pre_trend(run, fit, row) for fit, row in found if row is not None)
        return SectionContent(ShownRivals(breaks, sentences, figures), self.title, figures=figures)


def _breaks(run: Run, fit: Fit) -> tuple[BreakText, ...]:
    study, found = run.manifest.study, run.view(rivals)
    outcome, estimator = fit
    tests = "; ".join(_number_test(row) for row in found.tests_of(fit))
    places = [(row, *estimate(row.at, row.conf_low, row.conf_high)) for row in found.breaks_of(fit)]
    return tuple(
        BreakText(
            label=f"{study.estimator_label(estimator)}, {study.label(outcome)}",
            variable=study.label(row.moderator),
            place=place,
            limits=limits,
            tests=tests or MISSING,
        )
        for row, place, limits in places
    )


def _number_test(row: NumberTestRow) -> str:
    return f"{count(row.n_thresholds)}: F {fixed(row.statistic, 1)}, p {fixed(row.p_value, 3)}"


def _pre_trend(run: Run, fit: Fit, row: PreTrendRow) -> str:
    study = run.manifest.study
    named = f"{study.estimator_label(fit[1])}, {study.label(fit[0])}"
    if not row.is_done:
        return gettext(
            "{named}: effects before the start could not be tested together, since {reason}."
        ).format(named=named, reason=row.reason)
    return gettext(
        "{named}: the joint test of no effect before the start has F {statistic} and p {p_value}."
    ).format(named=named, statistic=fixed(row.statistic, 2), p_value=fixed(row.p_value, 3))
