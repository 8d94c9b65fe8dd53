"""The figure of one moderator: solid, contours and conditional effect, a row for each outcome."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from harness.findings.lines import true_rows, truth_line
from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.drawing import lines
from harness.report.drawing.canvas import DOUBLE_COLUMN, FigureRenderer, RenderedFigure, fixed_figure
from harness.report.drawing.fonts import drawable_label
from harness.report.drawing.lines import LinePanel, panel_entries, plot_panel
from harness.report.sections.moderators import surface_plots
from harness.report.sections.moderators.surfaces import effect_along, surfaces, thresholds_of, true_levels
from harness.report.sections.section import featured, study_words
from harness.tables.conditional import SurfaceKey
from harness.text.plain_text import file_slug

# Inches of a row, beneath the last row and above the first.
ROW_HEIGHT, FOOT, HEAD = 2.3, 0.58, 0.65

# Where each column begins and how wide it is, as shares of the width.
SOLID, CONTOURS, BAR, EFFECT = (0.02, 0.275), (0.388, 0.222), (0.622, 0.012), (0.82, 0.145)


def surface_figures(
    run: Run, question: tuple[str, str], renderer: FigureRenderer
) -> Iterator[RenderedFigure]:
    """Yield the surfaces over a moderator of a scenario, a figure a featured estimator that has any."""
    study, (scenario, moderator) = run.manifest.study, question
    for estimator in featured(run):
        every = (SurfaceKey(scenario, moderator, outcome, estimator.id) for outcome in study.outcomes)
        keys = [key for key in every if key in run.view(surfaces) and effect_along(run, key) is not None]
        if keys:
            names = gettext("{exposure} and {moderator}").format(
                exposure=study.label(study.exposure), moderator=study.label(moderator)
            )
            yield renderer.render(
                f"surface-{file_slug(scenario)}-{file_slug(estimator.id)}",
                plot_surfaces(run, keys),
                alt=gettext("Surfaces, contours and conditional effects over {names}, {label}.").format(
                    names=names, label=estimator.label
                ),
                caption=_caption(
                    study, moderator, estimator, has_truth=effect_panel(run, keys[0]).truth is not None
                ),
            )


def _caption(study: StudyRecord, moderator: str, estimator: EstimatorRecord, *, has_truth: bool) -> str:
    text = gettext(
        "{label}, by {moderator}. Left and middle: mean prediction were every row's {exposure} and moderator "
        "set to each pair of values; grey or hatched where too few entities are near. Triangles in the "
        "middle mark cells where the interval of the effect excludes zero, up for a rise; the black line is "
        "where the effect is zero. Right: effect of {exposure} at each value of the moderator, averaged over "
        "the exposures observed around it, with pointwise (darker) and simultaneous (lighter) {level} bands. "
        "Red: where that effect changes its sign, with its interval; none is drawn where no change of sign "
        "is established."
    ).format(**study_words(study), label=estimator.label, moderator=study.label(moderator))
    if has_truth:
        text += gettext(
            " Black dashes are the truth behind the simulated data: its contours in the middle, at every "
            "second step of the colours, its effect at the right, and where that changes its sign."
        )
    return text


def effect_panel(run: Run, key: SurfaceKey) -> LinePanel:
    """Return the effect along a moderator as it is drawn, with what is true of it."""
    effect, truths = effect_along(run, key), true_rows(run, key.outcome, key.scenario, "threshold")
    return LinePanel(
        [lines.series_of(run.manifest.study, effect, key.estimator)] if effect is not None else [],
        truth=truth_line(run, key.outcome, key.scenario, "conditional_effect", along="moderator_at"),
        turns=[row.moderator_at for row in truths],
        has_zero=True,
    )


def plot_surfaces(run: Run, keys: Sequence[SurfaceKey]) -> Figure:
    """Return the figure of one estimator and moderator; the surfaces, at least one, are one an outcome."""
    height = HEAD + ROW_HEIGHT * len(keys) + FOOT
    figure = fixed_figure(DOUBLE_COLUMN, height)
    for row, key in enumerate(reversed(keys)):
        _plot_row(figure, run, key, bottom=(FOOT + ROW_HEIGHT * row) / height, is_last=row == 0)
    handles = [
        *surface_plots.surface_entries(
            [run.view(surfaces)[key] for key in keys],
            [row for key in keys for row in thresholds_of(run, key)],
        ),
        *panel_entries(
            [effect_panel(run, key) for key in keys],
            level=run.manifest.study.level,
            turn=gettext("true change of sign"),
        ),
    ]
    figure.legend(
        handles=handles, loc="upper left", ncols=3, handlelength=1.6, handletextpad=0.5, columnspacing=0.5
    )
    return figure


def _plot_row(figure: Figure, run: Run, key: SurfaceKey, *, bottom: float, is_last: bool) -> None:
    """Draw one row from `bottom` up, a share of the figure's height."""
    study, surface, panel = run.manifest.study, run.view(surfaces)[key], effect_panel(run, key)
    thresholds = thresholds_of(run, key)
    exposure, moderator = study.axis_label(study.exposure), study.axis_label(key.moderator)
    inch = 1.0 / float(figure.get_figheight())
    solid = figure.add_axes((SOLID[0], bottom - 0.1 * inch, SOLID[1], ROW_HEIGHT * inch), projection="3d")
    if isinstance(solid, Axes3D):
        surface_plots.plot_solid(solid, surface)
        _label_solid(solid, exposure, moderator)
    low, tall = bottom + 0.2 * inch, (ROW_HEIGHT - 0.45) * inch
    contours, bar, effect = (
        figure.add_axes((left, low, width, tall)) for left, width in (CONTOURS, BAR, EFFECT)
    )
    filled = surface_plots.plot_contours(contours, surface, thresholds, true_levels(run, key))
    lines.plot_turns(contours.axhline, panel.turns)
    contours.set_ylabel(drawable_label(moderator, 32))
    contours.set_title(drawable_label(study.axis_label(key.outcome), 40, lines=1))
    levels = np.asarray(filled.levels)
    colours = figure.colorbar(filled, cax=bar, ticks=levels[:: math.ceil(levels.size / 6)])
    bar.tick_params(width=0.4, length=2)
    colours.outline.set_linewidth(0.4)
    plot_panel(effect, panel)
    surface_plots.plot_thresholds(effect, thresholds, vertical=True)
    effect.set_ylabel(drawable_label(lines.effect_label(study, key.outcome, is_narrow=True), 34))
    for axes, label, room in ((contours, exposure, 30), (effect, moderator, 24)):
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
        if is_last:
            axes.set_xlabel(drawable_label(label, room, lines=3))


def _label_solid(axes: Axes3D, exposure: str, moderator: str) -> None:
    """Label the solid; its outcome and units are on the panels next to it."""
    for axis, label in ((axes.xaxis, exposure), (axes.yaxis, moderator), (axes.zaxis, "")):
        axis.set_major_locator(MaxNLocator(nbins=3))
        axis.set_label_text(drawable_label(label.rpartition(" (")[0] or label, 18))
        axis.set_tick_params(pad=1 if axis is axes.zaxis else -3)
        axis.labelpad = -1
    axes.set_box_aspect((1.0, 1.0, 0.8), zoom=0.78)
