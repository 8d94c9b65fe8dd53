"""The section of thresholds, shapes and treatments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.plugin.reporting import (
    MISSING,
    EffectTestRow,
    Paragraph,
    ReportBlock,
    ReportTable,
    Run,
    Section,
    TableColumn,
    count,
    estimate,
    fixed,
    gettext,
    marked,
    p_text,
    plain_rows,
    significant,
)
from harness_panel.report.rows import SHAPES, Fit, NumberTestRow, TurningRow, rivals

if TYPE_CHECKING:
    from harness.plugin.drawing import FigureRenderer

KINDS: Mapping[str, str] = {"minimum": marked("minimum"), "maximum": marked("maximum")}


def threshold_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield places of thresholds, shapes of polynomials, effects since a treatment started, and figures.

    Nothing where no fit has a threshold, is tested for a shape or tells of a treatment.
    """
    found, fits = run.view(rivals), _fits(run)
    breaks = [row for fit in fits for row in _breaks(run, fit)]
    shapes = [_shape(run, fit) for fit in fits if found.shapes_of(fit)]
    if not (breaks or shapes or found.events):
        return
    from harness_panel.report.figures import figures_of

    if breaks:
        yield _break_table(breaks)
    if shapes:
        yield _shape_table(shapes)
    for fit in fits:
        pre_trend = found.pre_trend_of(fit)
        if pre_trend is not None:
            yield Paragraph(_pre_trend(run, fit, pre_trend))
    for fit in fits:
        yield from figures_of(run, fit, renderer)


def _break_table(rows: Sequence[tuple[str, ...]]) -> ReportTable:
    return ReportTable(
        caption=gettext("Places where the slope breaks"),
        columns=(
            *(TableColumn(gettext("Estimator and outcome")), TableColumn(gettext("Threshold in"), "text")),
            *(TableColumn(gettext("Place")), TableColumn(gettext("{level} set").format(level="95%"))),
            TableColumn(gettext("Tests of the number against one less"), "text"),
        ),
        groups=plain_rows(rows),
        notes=(
            gettext(
                "A threshold model has a break wherever it fits best, whether there is one or not; the "
                "tests, by a bootstrap that keeps entities whole, say for how many there is evidence."
            ),
        ),
    )


def _shape_table(rows: Sequence[tuple[str, ...]]) -> ReportTable:
    return ReportTable(
        caption=gettext("Shapes of polynomials"),
        columns=(
            *(TableColumn(gettext("Estimator and outcome")), TableColumn(gettext("Tests"), "text")),
            TableColumn(gettext("Turning points"), "text"),
        ),
        groups=plain_rows(rows),
        notes=(
            gettext(
                "Against a straight line or a parabola: F of the powers beyond. U and N: the weakest "
                "one-sided t statistic of the slopes that make the shape, at the ends of the observed range "
                "and where a cubic bends (Lind and Mehlum 2010); a small p speaks for the shape."
            ),
        ),
    )


def _fits(run: Run) -> list[Fit]:
    study = run.manifest.study
    return [(outcome, entry.id) for outcome in study.outcomes for entry in study.estimators]


def _shape(run: Run, fit: Fit) -> tuple[str, ...]:
    """Return the shape of one polynomial: its fit, its tests, and where it turns."""
    found, study = run.view(rivals), run.manifest.study
    none = gettext("none within the range of {exposure}").format(exposure=study.label(study.exposure))
    return (
        _label(run, fit),
        "; ".join(map(_shape_test, found.shapes_of(fit))),
        "; ".join(map(_turning, found.turning_of(fit))) or none,
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


def _breaks(run: Run, fit: Fit) -> Iterator[tuple[str, ...]]:
    """Yield the thresholds of one fit, each with its place and the tests of their number."""
    study, found = run.manifest.study, run.view(rivals)
    tests = "; ".join(map(_number_test, found.tests_of(fit))) or MISSING
    for row in found.breaks_of(fit):
        place = estimate(row.at, row.conf_low, row.conf_high)
        yield (_label(run, fit), study.axis_label(row.moderator), *place, tests)


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


THRESHOLDS = Section("thresholds", marked("Thresholds, shapes and treatments"), 780, threshold_blocks)
