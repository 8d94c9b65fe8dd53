"""The figure of one moderator: solid, contours and conditional effect, a row for each outcome."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from harness.arrays import Floats
from harness.findings.lines import TruthLine, true_rows, truth_line
from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.drawing.canvas import DOUBLE_COLUMN, FigureRenderer, RenderedFigure, fixed_figure
from harness.report.drawing.fonts import drawable_label
from harness.report.drawing.palette import SURFACE_MAP
from harness.report.drawing.series import (
    Series,
    band_handles,
    effect_unit_label,
    plot_background,
    plot_bands,
    plot_line,
    series_of,
)
from harness.report.drawing.truth import (
    INK,
    PLACE_DASH,
    TURN_WIDTH,
    plot_true_turns,
    plot_truth,
    true_turn_handles,
    truth_handles,
)
from harness.report.sections.moderators.contour import (
    plot_contours,
    plot_thresholds,
    plot_true_contours,
    surface_handles,
)
from harness.report.sections.moderators.rows import Question, conditional
from harness.report.sections.moderators.surfaces import Surface, true_levels
from harness.report.sections.section import featured
from harness.tables.conditional import SurfaceKey, ThresholdRow
from harness.text.numbers import percent
from harness.text.plain_text import file_slug

ROW_HEIGHT = 2.3
FOOT = 0.58
HEAD = 0.65
"""Inches of a row, beneath the last row and above the first."""

SOLID = (0.02, 0.275)
CONTOURS = (0.388, 0.222)
BAR = (0.622, 0.012)
EFFECT = (0.82, 0.145)
"""Where each column begins and how wide it is, as shares of the width."""

SOLID_LABEL = 18
"""Characters of a line of the solid's labels."""

LEGEND_COLUMNS = 3
MOST_TICKS = 6
"""Of a colour bar."""

MOST_FACETS = 24
"""Along each axis; a finer grid shows every second or third of its cells."""

AWAY = (0.86, 0.86, 0.86, 0.55)
"""Colour of facets that the data do not reach."""

ELEVATION, AZIMUTH = 24.0, -128.0


@dataclass(frozen=True, eq=False)
class SurfaceScene:
    """What one row shows.

    Attributes
    ----------
    effect : the conditional effect
    level : in (0, 1), nominal coverage of bands that do not tell their own
    true_levels : (n_exposure, n_moderator), the true surface; None where it is not known
    true_effect : the true conditional effect; None where it is not known
    true_thresholds : where that changes its sign, the moderator's unit
    thresholds : where it changes its sign
    outcome, effect_label, exposure, moderator : labels of the axes, with units
    """

    surface: Surface
    effect: Series
    thresholds: Sequence[ThresholdRow]
    outcome: str
    effect_label: str
    exposure: str
    moderator: str
    level: float
    true_levels: Floats | None = None
    true_effect: TruthLine | None = None
    true_thresholds: Sequence[float] = ()


def surface_figures(run: Run, question: Question, renderer: FigureRenderer) -> Iterator[RenderedFigure]:
    """Yield the surfaces over one moderator, a figure for each featured estimator that has any."""
    study = run.manifest.study
    scenario, moderator = question
    for estimator in featured(run):
        scenes = [
            scene
            for outcome in study.outcomes
            if (scene := surface_scene(run, SurfaceKey(scenario, moderator, outcome, estimator.id)))
        ]
        if scenes:
            names = gettext("{exposure} and {moderator}").format(
                exposure=study.label(study.exposure), moderator=study.label(moderator)
            )
            yield renderer.render(
                f"surface-{file_slug(scenario)}-{file_slug(estimator.id)}",
                plot_surfaces(scenes),
                alt=gettext("Surfaces, contours and conditional effects over {names}, {label}.").format(
                    names=names, label=estimator.label
                ),
                caption=surface_caption(study, moderator, estimator, has_truth=bool(scenes[0].true_effect)),
            )


def surface_scene(run: Run, key: SurfaceKey) -> SurfaceScene | None:
    """Return one row of the figure of a moderator, None where the estimator has no answer."""
    study, answers = run.manifest.study, run.view(conditional)
    surface, effect = answers.surface(key), answers.effect(key)
    if surface is None or effect is None:
        return None
    return SurfaceScene(
        surface=surface,
        effect=series_of(study, effect, key.estimator),
        thresholds=answers.thresholds_of(key),
        outcome=study.axis_label(key.outcome),
        effect_label=effect_unit_label(study, key.outcome),
        exposure=study.axis_label(study.exposure),
        moderator=study.axis_label(key.moderator),
        level=study.level,
        true_levels=true_levels(run, surface),
        true_effect=truth_line(run, key.outcome, key.scenario, "conditional_effect", along="moderator_at"),
        true_thresholds=tuple(
            row.moderator_at for row in true_rows(run, key.outcome, key.scenario, "threshold")
        ),
    )


def surface_caption(
    study: StudyRecord, moderator: str, estimator: EstimatorRecord, *, has_truth: bool
) -> str:
    """Return the caption of the figure of one moderator."""
    exposure = study.label(study.exposure)
    text = gettext(
        "{label}, by {moderator}. Left and middle: mean prediction were every row's {exposure} "
        "and moderator set to each pair of values; grey or hatched where too few entities are "
        "near. Triangles in the middle mark cells where the interval of the effect excludes "
        "zero, up for a rise; the black line is where the effect is zero. Right: effect of "
        "{exposure} at each value of the moderator, averaged over the exposures observed around "
        "it, with pointwise (darker) and simultaneous (lighter) {level} bands. Red: where that "
        "effect changes its sign, with its interval; none is drawn where no change of sign is "
        "established."
    ).format(
        label=estimator.label,
        moderator=study.label(moderator),
        exposure=exposure,
        level=percent(study.level, 0),
    )
    if has_truth:
        text += gettext(
            " Black dashes are the truth behind the simulated data: its contours in the middle, "
            "at every second step of the colours, its effect at the right, and where that "
            "changes its sign."
        )
    return text


def plot_surfaces(scenes: Sequence[SurfaceScene]) -> Figure:
    """Return the figure of one estimator and moderator; the scenes, at least one, are one an outcome."""
    height = HEAD + ROW_HEIGHT * len(scenes) + FOOT
    figure = fixed_figure(DOUBLE_COLUMN, height)
    for place, scene in enumerate(scenes):
        bottom = FOOT + ROW_HEIGHT * (len(scenes) - 1 - place)
        _plot_row(figure, scene, bottom=bottom / height, share=1.0 / height, is_last=place == len(scenes) - 1)
    handles = [
        *surface_handles(
            [scene.surface for scene in scenes], [row for scene in scenes for row in scene.thresholds]
        ),
        *band_handles([scene.effect for scene in scenes], level=scenes[0].level),
        *truth_handles(next((scene.true_effect for scene in scenes if scene.true_effect), None)),
        *true_turn_handles(
            [at for scene in scenes for at in scene.true_thresholds], label=gettext("true change of sign")
        ),
    ]
    figure.legend(handles=handles, loc="upper left", ncols=LEGEND_COLUMNS)
    return figure


def _plot_row(figure: Figure, scene: SurfaceScene, *, bottom: float, share: float, is_last: bool) -> None:
    """Draw one row from `bottom` up; `share` is an inch of the figure's height."""
    solid = figure.add_axes((SOLID[0], bottom - 0.1 * share, SOLID[1], ROW_HEIGHT * share), projection="3d")
    if isinstance(solid, Axes3D):
        _plot_solid(solid, scene.surface)
        _label_solid(solid, scene)
    low, tall = bottom + 0.2 * share, (ROW_HEIGHT - 0.45) * share
    contours = figure.add_axes((CONTOURS[0], low, CONTOURS[1], tall))
    filled = plot_contours(contours, scene.surface, scene.thresholds)
    if scene.true_levels is not None:
        plot_true_contours(contours, scene.surface, scene.true_levels, filled)
    for at in scene.true_thresholds:
        contours.axhline(at, color=INK, linestyle=PLACE_DASH, linewidth=TURN_WIDTH)
    contours.set_ylabel(drawable_label(scene.moderator, 32))
    levels = np.asarray(filled.levels)
    ticks = levels[:: math.ceil(levels.size / MOST_TICKS)]
    bar = figure.colorbar(filled, cax=figure.add_axes((BAR[0], low, BAR[1], tall)), ticks=ticks)
    bar.ax.tick_params(width=0.4, length=2)
    bar.outline.set_linewidth(0.4)
    effect = figure.add_axes((EFFECT[0], low, EFFECT[1], tall))
    _plot_effect(effect, scene)
    for axes, label, room in ((contours, scene.exposure, 30), (effect, scene.moderator, 24)):
        _ticks(axes)
        if is_last:
            axes.set_xlabel(drawable_label(label, room, lines=3))
    contours.set_title(drawable_label(scene.outcome, 40, lines=1), loc="left")


def _label_solid(axes: Axes3D, scene: SurfaceScene) -> None:
    """Label the solid; its outcome and units are on the panels next to it."""
    for axis, label in ((axes.xaxis, scene.exposure), (axes.yaxis, scene.moderator), (axes.zaxis, "")):
        axis.set_major_locator(MaxNLocator(nbins=3))
        name = label.rpartition(" (")[0] or label
        axis.set_label_text(drawable_label(name, SOLID_LABEL))
        axis.set_tick_params(pad=1 if axis is axes.zaxis else -3)
        axis.labelpad = -1
    axes.set_box_aspect((1.0, 1.0, 0.8), zoom=0.78)


def _plot_effect(axes: Axes, scene: SurfaceScene) -> None:
    plot_background(axes, (), has_zero=True)
    plot_bands(axes, scene.effect)
    plot_line(axes, scene.effect)
    plot_thresholds(axes, scene.thresholds, vertical=True)
    plot_true_turns(axes, scene.true_thresholds)
    plot_truth(axes, scene.true_effect)
    axes.set_ylabel(drawable_label(scene.effect_label, 34))


def _ticks(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))


def _plot_solid(axes: Axes3D, surface: Surface) -> None:
    """Draw one surface, facets coloured by their level and grey where the data do not reach."""
    steps = [
        max(1, math.ceil((grid.size - 1) / MOST_FACETS))
        for grid in (surface.exposure_at, surface.moderator_at)
    ]
    thinned = tuple(slice(None, None, step) for step in steps)
    across, deep = np.meshgrid(
        surface.exposure_at[thinned[0]], surface.moderator_at[thinned[1]], indexing="ij"
    )
    height = surface.estimate[thinned]
    colours = mpl.colormaps[SURFACE_MAP](Normalize(*surface.level_range, clip=True)(height))
    colours[~surface.supported[thinned]] = AWAY
    axes.plot_surface(
        across,
        deep,
        height,
        facecolors=colours,
        rstride=1,
        cstride=1,
        shade=False,
        linewidth=0.15,
        edgecolor=(0.2, 0.2, 0.2, 0.35),
        rasterized=True,
    )
    axes.view_init(elev=ELEVATION, azim=AZIMUTH)
