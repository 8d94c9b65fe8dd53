"""One surface over exposure and moderator: as a solid, and as contours with support, signs and thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.contour import ContourSet
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from harness.arrays import Floats, Mask
from harness.language import gettext, marked
from harness.report.drawing.lines import TRUTH_STYLE, entry
from harness.report.drawing.palette import SURFACE_MAP, THRESHOLD_COLOUR, LineStyle
from harness.report.sections.moderators.surfaces import NONE, Surface
from harness.tables.conditional import ThresholdRow

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
