"""The small figure of one curve on the first screen: what the main estimators say of the effect's shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats, frozen_floats
from harness.findings.lines import (
    POINTWISE,
    Curve,
    TruthLine,
    curves_of,
    leading_scenario,
    rug_of,
    truth_line,
    unsupported_of,
)
from harness.findings.run import Run
from harness.language import gettext
from harness.report.drawing.canvas import (
    MARK_WIDTH,
    SINGLE_COLUMN,
    FigureRenderer,
    RenderedFigure,
    new_figure,
)
from harness.report.drawing.fonts import drawable, drawable_label
from harness.report.drawing.lines import plot_background, plot_truth, series_of, truth_entry
from harness.report.sections.effects.figures import centred
from harness.report.sections.effects.rows import effects_of
from harness.report.sections.section import featured
from harness.tables.effects import EffectRow
from harness.text.plain_text import file_slug, listed, shortened

DEBIASED = "#7b3294"
"""Of the debiased curve, which no estimator's line has."""

LABEL = 44
"""Characters of a name in the legend, where it has a column alone."""


@dataclass(frozen=True, eq=False)
class DebiasedShape:
    """A debiased effect as a line over the exposure, less its mean over the rows; each (n_grid,).

    Attributes
    ----------
    at : the exposure's unit, increasing
    estimate, low, high : the outcome's unit, limits pointwise
    """

    at: Floats
    estimate: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class FrontCurve:
    """What the figure shows of one outcome, every line less its mean over the rows.

    Attributes
    ----------
    curves : of the reference, then of the leading estimator, as far as they have any
    debiased : the first debiased curve, or slope where there is none; None without either
    truth : behind simulated data
    """

    outcome: str
    scenario: str
    curves: tuple[Curve, ...]
    rug: Floats
    debiased: DebiasedShape | None
    truth: TruthLine | None


def front_curve(run: Run, outcome: str) -> FrontCurve | None:
    """Return what is drawn of one outcome; None where no estimator has a curve."""
    study = run.manifest.study
    scenario = leading_scenario(run)
    if not scenario:
        return None
    shown = [study.reference, *(entry.id for entry in featured(run) if entry.id != study.reference)][:2]
    found = {curve.estimator: curve for curve in curves_of(run, outcome, scenario, "level")}
    curves = tuple(found[name] for name in shown if name in found)
    if not curves:
        return None
    truth = truth_line(run, outcome, scenario, "level")
    rug = rug_of(run, scenario)
    return FrontCurve(
        outcome=outcome,
        scenario=scenario,
        curves=curves,
        rug=rug,
        debiased=next(_debiased(run, outcome, curves[0].at, rug), None),
        truth=None if truth is None else TruthLine(truth.at, centred(truth.at, truth.truth, rug)),
    )


def _debiased(run: Run, outcome: str, at: Floats, rug: Floats) -> Iterator[DebiasedShape]:
    """Yield debiased curves, then slopes drawn through the mean exposure of the rows."""
    exposure = run.manifest.study.exposure
    own = [one for one in run.view(effects_of) if (one.outcome, one.exposure) == (outcome, exposure)]
    for effects in own:
        for line in effects.lines("curve"):
            points = sorted((row for row in line if row.band == POINTWISE), key=lambda row: row.at)
            yield DebiasedShape(
                at=frozen_floats([row.at for row in points]),
                estimate=frozen_floats([row.estimate for row in points]),
                low=frozen_floats([row.conf_low for row in points]),
                high=frozen_floats([row.conf_high for row in points]),
            )
    for effects in own:
        for line in effects.lines("line"):
            yield from (slope_shape(row, at, rug) for row in line if row.band == POINTWISE and not row.group)


def slope_shape(row: EffectRow, at: Floats, rug: Floats) -> DebiasedShape:
    """Return a debiased slope as a line through zero at the mean exposure of the rows, with its fan."""
    away = at - rug.mean()
    limits = np.sort([row.conf_low * away, row.conf_high * away], axis=0)
    return DebiasedShape(
        at, frozen_floats(row.estimate * away), frozen_floats(limits[0]), frozen_floats(limits[1])
    )


def front_curve_figure(run: Run, outcome: str, renderer: FigureRenderer) -> RenderedFigure | None:
    """Return the figure of one outcome; None where no estimator has a curve."""
    scene = front_curve(run, outcome)
    if scene is None:
        return None
    study = run.manifest.study
    names = listed(study.estimator_label(curve.estimator) for curve in scene.curves)
    return renderer.render(
        f"front-curve-{file_slug(outcome)}",
        draw_front_curve(run, scene),
        alt=gettext("Net effect curve of {exposure} on {outcome}: {names}.").format(
            exposure=study.label(study.exposure), outcome=study.label(outcome), names=names
        ),
        caption=gettext("{outcome} over {exposure}, less its mean over the rows.").format(
            outcome=study.label(outcome), exposure=study.label(study.exposure)
        ),
    )


def draw_front_curve(run: Run, scene: FrontCurve) -> Figure:
    """Return the figure; bands are pointwise."""
    study = run.manifest.study
    figure = new_figure(SINGLE_COLUMN, 2.5)
    axes: Axes = figure.subplots()
    plot_background(axes, unsupported_of(run, scene.scenario), has_zero=False)
    handles = [_draw_model(axes, run, curve, scene.rug) for curve in scene.curves]
    if scene.debiased is not None:
        handles.append(_draw_debiased(axes, scene.debiased))
    plot_truth(axes, scene.truth)
    axes.set_xlabel(drawable_label(study.axis_label(study.exposure), 46))
    axes.set_ylabel(drawable_label(study.axis_label(scene.outcome), 28))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    _add_legend(figure, [*handles, *([truth_entry()] if scene.truth is not None else [])])
    return figure


def _add_legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    """Add a legend above the axes, in two columns where the figure is wide enough for the names."""
    legend = figure.legend(handles=handles, loc="outside upper left", ncols=2)
    if legend.get_window_extent().width > figure.bbox.width - MARK_WIDTH * figure.dpi:
        legend.remove()
        figure.legend(handles=handles, loc="outside upper left", ncols=1)


def _draw_model(axes: Axes, run: Run, curve: Curve, rug: Floats) -> Line2D:
    """Draw a curve with its pointwise band where the data support it, less its mean over the rows."""
    series = series_of(run.manifest.study, curve, curve.estimator)
    colour, dash = series.style.colour, series.style.dash
    less = centred(curve.at, curve.estimate, rug)
    band = curve.band(POINTWISE)
    if band is not None:
        shift = curve.estimate - less
        axes.fill_between(
            curve.at,
            band.low - shift,
            band.high - shift,
            where=(curve.supported & np.isfinite(band.low)).tolist(),
            color=colour,
            alpha=0.15,
            linewidth=0,
        )
    axes.plot(curve.at, np.where(curve.supported, less, np.nan), color=colour, linestyle=dash)
    return Line2D([], [], color=colour, linestyle=dash, label=drawable(shortened(series.label, LABEL)))


def _draw_debiased(axes: Axes, shape: DebiasedShape) -> Line2D:
    axes.fill_between(shape.at, shape.low, shape.high, color=DEBIASED, alpha=0.15, linewidth=0)
    axes.plot(shape.at, shape.estimate, color=DEBIASED, linestyle=(0, (3, 1)))
    return Line2D([], [], color=DEBIASED, linestyle=(0, (3, 1)), label=gettext("debiased effect"))
