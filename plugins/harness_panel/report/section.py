"""The section of thresholds, shapes and treatments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.plugin.reporting import (
    MISSING,
    EffectTestRow,
    PackagedSection,
    Run,
    SectionContent,
    count,
    estimate,
    fixed,
    gettext,
    marked,
    p_text,
    significant,
)
from harness_panel.report.rows import SHAPES, Fit, NumberTestRow, TurningRow, rivals

if TYPE_CHECKING:
    from harness.plugin.drawing import FigureRenderer, RenderedFigure


KINDS: Mapping[str, str] = {"minimum": marked("minimum"), "maximum": marked("maximum")}


@dataclass(frozen=True)
class BreakText:
    """One threshold in words."""

    label: str
    variable: str
    place: str
    limits: str
    tests: str


@dataclass(frozen=True)
class ShapeText:
    """The shape of one polynomial in words."""

    label: str
    tests: tuple[str, ...]
    turning: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ShownRivals:
    """Thresholds and shapes in words, sentences on treatments, and the figures."""

    breaks: tuple[BreakText, ...]
    shapes: tuple[ShapeText, ...]
    pre_trends: tuple[str, ...]
    figures: tuple[RenderedFigure, ...]


class ThresholdsSection(PackagedSection):
    """Places of thresholds and their likelihood, shapes of polynomials, effects since a treatment started."""

    name: ClassVar[str] = "thresholds"
    title: ClassVar[str] = marked("Thresholds, shapes and treatments")
    place: ClassVar[int] = 780

    def is_present(self, run: Run, /) -> bool:
        """Return whether any fit has a threshold, is tested for a shape or tells of a treatment."""
        found = run.view(rivals)
        return bool(found.breaks or found.events or any(found.shapes_of(fit) for fit in _fits(run)))

    def content(self, run: Run, renderer: FigureRenderer, /) -> SectionContent:
        """Return thresholds, shapes, event studies and their figures."""
        from harness_panel.report.figures import figures_of

        fits = _fits(run)
        figures = tuple(figure for fit in fits for figure in figures_of(run, fit, renderer))
        breaks = tuple(text for fit in fits for text in _breaks(run, fit))
        found = [(fit, run.view(rivals).pre_trend_of(fit)) for fit in fits]
        sentences = tuple(_pre_trend(run, fit, row) for fit, row in found if row is not None)
        shapes = tuple(_shape(run, fit) for fit in fits if run.view(rivals).shapes_of(fit))
        return SectionContent(ShownRivals(breaks, shapes, sentences, figures), figures=figures)


def _fits(run: Run) -> list[Fit]:
    study = run.manifest.study
    return [(outcome, entry.id) for outcome in study.outcomes for entry in study.estimators]


def _shape(run: Run, fit: Fit) -> ShapeText:
    found, study = run.view(rivals), run.manifest.study
    return ShapeText(
        label=_label(run, fit),
        tests=tuple(_shape_test(row) for row in found.shapes_of(fit)),
        turning=tuple(_turning(row) for row in found.turning_of(fit))
        or (gettext("none within the range of {exposure}").format(exposure=study.label(study.exposure)),),
    )


def _shape_test(row: EffectTestRow) -> str:
    """Return a test as ``inverted U: 2.71, p = 0.003``."""
    name = gettext(SHAPES[row.test])
    return f"{name}: {fixed(row.statistic, 2)}, {p_text(row.p_value)}"


def _turning(row: TurningRow) -> str:
    place, delta = estimate(row.at, row.delta_low, row.delta_high)
    low, high = (
        gettext("no end") if math.isinf(limit) else significant(limit)
        for limit in (row.fieller_low, row.fieller_high)
    )
    words = gettext("{kind} at {place}, {limits} by the delta method, {low} to {high} by Fieller's")
    return words.format(kind=gettext(KINDS[row.kind]), place=place, limits=delta, low=low, high=high)


def _label(run: Run, fit: Fit) -> str:
    study = run.manifest.study
    return f"{study.estimator_label(fit[1])}, {study.label(fit[0])}"


def _breaks(run: Run, fit: Fit) -> tuple[BreakText, ...]:
    study, found = run.manifest.study, run.view(rivals)
    tests = "; ".join(_number_test(row) for row in found.tests_of(fit))
    places = [(row, *estimate(row.at, row.conf_low, row.conf_high)) for row in found.breaks_of(fit)]
    return tuple(
        BreakText(
            label=_label(run, fit),
            variable=study.axis_label(row.moderator),
            place=place,
            limits=limits,
            tests=tests or MISSING,
        )
        for row, place, limits in places
    )


def _number_test(row: NumberTestRow) -> str:
    return f"{count(row.n_thresholds)}: F {fixed(row.statistic, 1)}, {p_text(row.p_value)}"


def _pre_trend(run: Run, fit: Fit, row: EffectTestRow) -> str:
    named = _label(run, fit)
    if not row.is_done:
        return gettext(
            "{named}: effects before the start could not be tested together, since {reason}."
        ).format(named=named, reason=row.reason)
    return gettext(
        "{named}: the joint test of no effect before the start has F {statistic}, {p_value}."
    ).format(named=named, statistic=fixed(row.statistic, 2), p_value=p_text(row.p_value))
