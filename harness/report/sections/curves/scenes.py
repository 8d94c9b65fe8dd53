"""From the run to the figures of curves: of one outcome, of slopes, and of all outcomes side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.drawing.canvas import FigureRenderer, RenderedFigure
from harness.report.drawing.series import Mark, Series, effect_label, series_of
from harness.report.model.featured import featured
from harness.report.model.run import Run
from harness.report.model.truth import true_rows, truth_line
from harness.report.sections.curves.captions import curve_caption, outcomes_caption
from harness.report.sections.curves.figure import CurveScene, SupportedShare, draw_curves
from harness.report.sections.curves.outcomes_figure import draw_outcomes
from harness.report.sections.curves.rows import (
    Curve,
    curve_scenarios,
    curves_of,
    rug_of,
    turning_points_of,
    unsupported_of,
)
from harness.report.text.plain_text import file_slug, listed

KINDS = {
    "level": ("curve", marked("Net effect curves")),
    "slope": ("slope", marked("Slopes of the net effect curves")),
}
"""File name and description of each kind of curve."""


def curve_figures(run: Run, outcome: str, kind: str, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the figure of one kind of curve for each scenario that gave any."""
    study = run.manifest.study
    prefix, what = KINDS[kind]
    for scenario in curve_scenarios(run):
        curves = curves_of(run, outcome, scenario, kind)
        if not curves:
            continue
        leading, scene = leading_of(run, curves), curve_scene(run, curves)
        names = listed(series.label for series in scene.series)
        yield renderer.render(
            figure_name(run, f"{prefix}-{file_slug(outcome)}", scenario),
            draw_curves(scene),
            alt=gettext("{what} of {exposure} on {outcome}: {names}.").format(
                what=gettext(what),
                exposure=study.label(study.exposure_of(scenario)),
                outcome=study.label(outcome),
                names=names,
            ),
            caption=curve_caption(study, outcome, leading, scene),
        )


def outcomes_figures(run: Run, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the curves of the featured estimators for all outcomes, where there are several."""
    study = run.manifest.study
    ids = [entry.id for entry in featured(run)]
    for scenario in curve_scenarios(run):
        levels = (curves_of(run, outcome, scenario, "level") for outcome in study.outcomes)
        chosen = [[curve for curve in curves if curve.estimator in ids] for curves in levels]
        scenes = [curve_scene(run, curves) for curves in chosen if curves]
        if len(scenes) > 1:
            labels = listed(study.label(outcome) for outcome in study.outcomes)
            exposure = study.label(study.exposure_of(scenario))
            yield renderer.render(
                figure_name(run, "curves", scenario),
                draw_outcomes(scenes),
                alt=gettext("Net effect curves of {exposure} on {labels}, side by side.").format(
                    exposure=exposure, labels=labels
                ),
                caption=outcomes_caption(
                    study,
                    [curve for curves in chosen if curves for curve in leading_of(run, curves)],
                    scenes,
                ),
            )


def figure_name(run: Run, name: str, scenario: str) -> str:
    """Return the name of a figure's file, with the scenario where there are several."""
    return name if len(curve_scenarios(run)) == 1 else f"{name}-{file_slug(scenario)}"


def leading_of(run: Run, curves: Sequence[Curve]) -> Sequence[Curve]:
    """Return the curves that a figure leads with: those over supported rows where most rows extrapolate.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    supported = _supported(run, curves)
    if len(supported) == len(curves) and any(curve.extrapolates for curve in supported):
        return supported
    return curves


def _supported(run: Run, curves: Sequence[Curve]) -> Sequence[Curve]:
    """Return the curves over supported rows of the estimators of curves over all rows; none of slopes."""
    first, names = curves[0], [curve.estimator for curve in curves]
    if first.kind != "level":
        return ()
    found = curves_of(run, first.outcome, first.scenario, "level_supported")
    return tuple(curve for curve in found if curve.estimator in names)


def curve_scene(run: Run, curves: Sequence[Curve]) -> CurveScene:
    """Return what a figure of curves shows.

    Parameters
    ----------
    curves : at least one; of the same outcome, scenario and kind
    """
    study, first = run.manifest.study, curves[0]
    leading, supported = leading_of(run, curves), _supported(run, curves)
    is_level, is_supported = first.kind == "level", leading is not curves
    beside = curves if is_supported else [curve for curve in supported if _differs(curve)]
    return CurveScene(
        series=_series(run, leading),
        rug=rug_of(run, first.scenario),
        unsupported=unsupported_of(run, first.scenario),
        x_label=study.axis_label(study.exposure_of(first.scenario)),
        y_label=level_label(study, first.outcome) if is_level else effect_label(study, first.outcome),
        has_zero=not is_level,
        level=study.level,
        truth=truth_line(run, first.outcome, first.scenario, leading[0].kind),
        beside=_series(run, beside),
        share=_share(supported[0], is_leading=is_supported) if supported else None,
        true_turns=_true_turns(run, first) if is_level else (),
    )


def _share(curve: Curve, *, is_leading: bool) -> SupportedShare | None:
    share, at = curve.share_of_rows[curve.supported], curve.at[curve.supported]
    if not share.size:
        return None
    place = int(share.argmin())
    return SupportedShare(float(share[place]), float(share.max()), float(at[place]), is_leading)


def _differs(supported: Curve) -> bool:
    """Return whether any row is not supported somewhere, so that the curve is not that of all rows."""
    return bool((supported.share_of_rows < 1.0).any())


def _series(run: Run, curves: Sequence[Curve]) -> tuple[Series, ...]:
    """Return lines as they are drawn; turning points are those of the curve over all rows."""
    study = run.manifest.study
    return tuple(
        series_of(study, curve, curve.estimator, marks=_marks(run, curve) if curve.kind == "level" else ())
        for curve in curves
    )


def _true_turns(run: Run, curve: Curve) -> tuple[float, ...]:
    """Return where the true curve of an outcome turns."""
    kinds = ("minimum", "maximum")
    rows = (row for kind in kinds for row in true_rows(run, curve.outcome, curve.scenario, kind))
    return tuple(sorted(row.at for row in rows))


def _marks(run: Run, curve: Curve) -> tuple[Mark, ...]:
    """Return the established turning points of a curve."""
    return tuple(
        Mark(row.kind, row.at, row.conf_low, row.conf_high, row.estimate)
        for row in turning_points_of(run, curve.outcome, curve.scenario, curve.estimator)
        if row.is_established and math.isfinite(row.at) and math.isfinite(row.estimate)
    )


def level_label(study: StudyRecord, outcome: str) -> str:
    """Return the label of an axis of levels."""
    return gettext("Mean predicted {outcome}").format(outcome=study.axis_label(outcome))
