"""The figure of one moderator: solid, contours with support and signs, and effect, a row for each outcome."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from harness.arrays import Floats, Mask
from harness.findings.lines import true_rows, truth_line
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.blocks import ReportFigure
from harness.report.drawing import lines
from harness.report.drawing.canvas import DOUBLE_COLUMN, new_figure
from harness.report.drawing.fonts import drawable_label
from harness.report.drawing.lines import TRUTH_STYLE, LinePanel, entry, panel_entries, plot_panel
from harness.report.drawing.palette import SURFACE_MAP, THRESHOLD_COLOUR, LineStyle
from harness.report.sections.moderators.surfaces import (
    NONE,
    Surface,
    effect_along,
    surfaces,
    thresholds_of,
    true_levels,
)
from harness.report.sections.section import featured, study_words
from harness.tables.conditional import SurfaceKey, ThresholdRow
from harness.text.plain_text import file_slug

# Inches of a row, beneath the last row and above the first.
ROW_HEIGHT, FOOT, HEAD = 2.3, 0.58, 0.65

# Where each column begins and how wide it is, as shares of the width.
SOLID, CONTOURS, BAR, EFFECT = (0.02, 0.275), (0.388, 0.222), (0.622, 0.012), (0.82, 0.145)

# Most steps between contours; most signs, and most facets of a solid, along each axis: of a finer grid every
# second or third cell is shown.
N_LEVELS = 12
MOST_SIGNS = 9
MOST_FACETS = 24

# What lies over cells that the data do not reach, and the colour of such facets.
VEIL = "#ffffffc8"
AWAY = (0.86, 0.86, 0.86, 0.55)
EDGE = "#9a9a9a"

SIGN_NAMES = {
    "^": marked("effect above zero, its interval too"),
    "v": marked("effect below zero, its interval too"),
}


def surface_figures(run: Run, question: tuple[str, str]) -> Iterator[ReportFigure]:
    """Yield the surfaces over a moderator of a scenario, a figure a featured estimator that has any."""
    study, (scenario, moderator) = run.manifest.study, question
    for estimator in featured(run):
        every = (SurfaceKey(scenario, moderator, outcome, estimator.id) for outcome in study.outcomes)
        keys = [key for key in every if key in run.view(surfaces) and effect_along(run, key) is not None]
        if keys:
            words = gettext("{exposure} and {moderator}")
            names = words.format(exposure=study.label(study.exposure), moderator=study.label(moderator))
            message = gettext("Surfaces, contours and conditional effects over {names}, {label}.")
            has_truth = effect_panel(run, keys[0]).truth is not None
            yield ReportFigure(
                f"surface-{file_slug(scenario)}-{file_slug(estimator.id)}",
                plot_surfaces(run, keys),
                alt=message.format(names=names, label=estimator.label),
                caption=_caption(study, moderator, estimator, has_truth=has_truth),
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
    figure = new_figure(DOUBLE_COLUMN, height)
    for row, key in enumerate(reversed(keys)):
        _plot_row(figure, run, key, bottom=(FOOT + ROW_HEIGHT * row) / height, is_last=row == 0)
    handles = [
        *surface_entries(
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
        plot_solid(solid, surface)
        _label_solid(solid, exposure, moderator)
    low, tall = bottom + 0.2 * inch, (ROW_HEIGHT - 0.45) * inch
    places = ((left, low, width, tall) for left, width in (CONTOURS, BAR, EFFECT))
    contours, bar, effect = map(figure.add_axes, places)
    filled = plot_contours(contours, surface, thresholds, true_levels(run, key))
    lines.plot_turns(contours.axhline, panel.turns)
    contours.set_ylabel(drawable_label(moderator, 32))
    contours.set_title(drawable_label(study.axis_label(key.outcome), 40, lines=1))
    levels = np.asarray(filled.levels)
    colours = figure.colorbar(filled, cax=bar, ticks=levels[:: math.ceil(levels.size / 6)])
    bar.tick_params(width=0.4, length=2)
    colours.outline.set_linewidth(0.4)
    plot_panel(effect, panel)
    plot_thresholds(effect, thresholds, vertical=True)
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


def plot_solid(axes: Axes3D, surface: Surface) -> None:
    """Draw one surface, facets coloured by their level and grey where the data do not reach."""
    across, deep = np.meshgrid(surface.exposure_at, surface.moderator_at, indexing="ij")
    colours = mpl.colormaps[SURFACE_MAP](Normalize(*surface.level_range, clip=True)(surface.estimate))
    colours[~surface.supported] = AWAY
    axes.plot_surface(
        across,
        deep,
        surface.estimate,
        facecolors=colours,
        rcount=MOST_FACETS,
        ccount=MOST_FACETS,
        shade=False,
        linewidth=0.15,
        edgecolor=(0.2, 0.2, 0.2, 0.35),
        rasterized=True,
    )
    axes.view_init(elev=24.0, azim=-128.0)


def plot_contours(
    axes: Axes, surface: Surface, thresholds: Iterable[ThresholdRow], truth: Floats | None = None
) -> ContourSet:
    """Draw the contours of one surface; return the filled ones, for a colour bar.

    The exposure is on the horizontal axis. Cells that the data do not reach are hatched; triangles stand in
    those where the effect's interval excludes zero, pointing up for a positive one; the black line is where
    the effect is zero, the bold ones are the moderator values at which the average effect changes its sign.

    Parameters
    ----------
    truth : (n_exposure, n_moderator), true levels, whose contours are dashes at every second step
    """
    grids = surface.exposure_at, surface.moderator_at
    levels = MaxNLocator(N_LEVELS).tick_values(*surface.level_range)
    filled = axes.contourf(*grids, surface.estimate.T, levels=levels, cmap=SURFACE_MAP, extend="both")
    axes.contour(
        *grids, surface.estimate.T, levels=filled.levels, colors="white", linewidths=0.3, linestyles="solid"
    )
    if not surface.supported.all():
        away = (~surface.supported).astype(np.float64)
        veil = axes.contourf(*grids, away.T, levels=[0.5, 1.5], colors=[VEIL], hatches=["/////"])
        veil.set(edgecolor=EDGE, linewidth=0)
    if changes_sign(surface):
        effect = np.ma.masked_where(~surface.supported, surface.effect)
        axes.contour(*grids, effect.T, levels=[0.0], colors="black", linestyles="solid", linewidths=1.2)
    _plot_signs(axes, surface)
    plot_thresholds(axes, thresholds, vertical=False)
    if truth is not None:
        steps = np.asarray(filled.levels)[1::2]
        look, dashes = TRUTH_STYLE.colour, [TRUTH_STYLE.dash]
        axes.contour(*grids, truth.T, levels=steps, colors=look, linestyles=dashes, linewidths=0.7)
    axes.grid(visible=False)
    return filled


def changes_sign(surface: Surface) -> bool:
    """Return whether the effect is above zero in some supported cells and below it in others."""
    effect = surface.effect[surface.supported]
    return bool((effect > 0.0).any() and (effect < 0.0).any())


def established_signs(surface: Surface) -> dict[str, Mask]:
    """Return by marker the supported cells where the effect's interval is above, and below, zero."""
    signs = {"^": surface.effect_low > 0.0, "v": surface.effect_high < 0.0}
    return {marker: shown & surface.supported for marker, shown in signs.items()}


def _plot_signs(axes: Axes, surface: Surface) -> None:
    grids = surface.exposure_at, surface.moderator_at
    steps = [max(1, math.ceil(grid.size / MOST_SIGNS)) for grid in grids]
    every = tuple(slice(step // 2, None, step) for step in steps)
    across, up = np.meshgrid(grids[0][every[0]], grids[1][every[1]], indexing="ij")
    for marker, established in established_signs(surface).items():
        shown = established[every]
        axes.plot(
            across[shown],
            up[shown],
            linestyle="none",
            marker=marker,
            markersize=2.6,
            markerfacecolor="white",
            markeredgecolor="black",
            markeredgewidth=0.4,
        )


def plot_thresholds(axes: Axes, thresholds: Iterable[ThresholdRow], *, vertical: bool) -> None:
    """Draw a line at each moderator value where the effect changes its sign, dashed ones at its interval.

    Parameters
    ----------
    vertical : whether the moderator is on the horizontal axis
    """
    plot = axes.axvline if vertical else axes.axhline
    for row in thresholds:
        limits = ((limit, 0.7, (0, (3.0, 1.5))) for limit in (row.conf_low, row.conf_high))
        for at, width, dash in ((row.at, 1.3, "solid"), *limits):
            if row.kind != NONE and math.isfinite(at):
                # Cased in white.
                around = [withStroke(linewidth=width + 1.0, foreground="white")]
                plot(at, color=THRESHOLD_COLOUR, linewidth=width, linestyle=dash, path_effects=around)


def surface_entries(surfaces: Sequence[Surface], thresholds: Iterable[ThresholdRow]) -> Iterator[Artist]:
    """Yield the entries of a legend for what any of the surfaces shows."""
    if not all(surface.supported.all() for surface in surfaces):
        label = gettext("few entities near")
        yield Patch(facecolor="white", edgecolor=EDGE, hatch="/////", linewidth=0, label=label)
    for marker, name in SIGN_NAMES.items():
        if any(established_signs(surface)[marker].any() for surface in surfaces):
            yield entry(gettext(name), LineStyle("black", "none"), marker=marker, size=3.5)
    if any(map(changes_sign, surfaces)):
        yield entry(gettext("effect of zero"), LineStyle("black", width=1.2))
    known = [row for row in thresholds if row.kind != NONE]
    if known:
        label = gettext("average effect changes sign")
        if any(math.isfinite(row.conf_low) for row in known):
            label += gettext(", with interval (dashed)")
        yield entry(label, LineStyle(THRESHOLD_COLOUR))
