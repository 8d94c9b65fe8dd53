"""Contours of a surface over exposure and moderator: levels, support, signs, thresholds, legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from harness.arrays import Floats, Mask
from harness.language import gettext, marked
from harness.report.drawing.palette import SURFACE_MAP, THRESHOLD_COLOUR
from harness.report.drawing.truth import DASH, INK
from harness.report.sections.moderators.rows import NONE
from harness.report.sections.moderators.surfaces import Surface
from harness.tables.conditional import ThresholdRow

N_LEVELS = 12
"""Most steps between contours."""

MOST_SIGNS = 9
"""Most signs along each axis; a finer grid shows every second or third of its cells."""

VEIL = "#ffffffc8"
"""Lies over cells that the data do not reach."""

CASED = (withStroke(linewidth=2.4, foreground="white"),)
CASED_INTERVAL = (withStroke(linewidth=1.5, foreground="white"),)
INTERVAL_DASH = (0, (3.0, 1.5))
SIGN_NAMES = {
    "^": marked("effect above zero, its interval too"),
    "v": marked("effect below zero, its interval too"),
}


def plot_contours(axes: Axes, surface: Surface, thresholds: Iterable[ThresholdRow]) -> ContourSet:
    """Draw the contours of one surface; return the filled ones, for a colour bar.

    The exposure is on the horizontal axis. Cells that the data do not reach are hatched; triangles stand in
    those where the effect's interval excludes zero, pointing up for a positive one; the black line is where
    the effect is zero, the bold ones are the moderator values at which the average effect changes its sign.
    """
    across, up = surface.exposure_at, surface.moderator_at
    levels = MaxNLocator(N_LEVELS).tick_values(*surface.level_range)
    filled = axes.contourf(across, up, surface.estimate.T, levels=levels, cmap=SURFACE_MAP, extend="both")
    steps = filled.levels
    axes.contour(
        across, up, surface.estimate.T, levels=steps, colors="white", linewidths=0.3, linestyles="solid"
    )
    _hatch(axes, surface)
    _plot_zero_effect(axes, surface)
    _plot_signs(axes, surface)
    plot_thresholds(axes, thresholds, vertical=False)
    axes.grid(visible=False)
    return filled


def plot_true_contours(axes: Axes, surface: Surface, truth: Floats, filled: ContourSet) -> None:
    """Draw the contours of the true levels, (n_exposure, n_moderator), in dashes, at every second step."""
    across, up = surface.exposure_at, surface.moderator_at
    levels = np.asarray(filled.levels)[1::2]
    axes.contour(across, up, truth.T, levels=levels, colors=INK, linestyles=[DASH], linewidths=0.7)


def _hatch(axes: Axes, surface: Surface) -> None:
    away = (~surface.supported).astype(np.float64)
    if away.any():
        veil = axes.contourf(
            surface.exposure_at,
            surface.moderator_at,
            away.T,
            levels=[0.5, 1.5],
            colors=[VEIL],
            hatches=["/////"],
        )
        veil.set(edgecolor="#9a9a9a", linewidth=0)


def changes_sign(surface: Surface) -> bool:
    """Return whether the effect is above zero in some supported cells and below it in others."""
    effect = surface.effect[surface.supported]
    return bool((effect > 0.0).any() and (effect < 0.0).any())


def established_signs(surface: Surface) -> dict[str, Mask]:
    """Return by marker the supported cells where the effect's interval is above, and below, zero."""
    signs = {"^": surface.effect_low > 0.0, "v": surface.effect_high < 0.0}
    return {marker: shown & surface.supported for marker, shown in signs.items()}


def _plot_zero_effect(axes: Axes, surface: Surface) -> None:
    if changes_sign(surface):
        effect = np.where(surface.supported, surface.effect, np.nan)
        axes.contour(
            surface.exposure_at,
            surface.moderator_at,
            np.ma.masked_invalid(effect.T),
            levels=[0.0],
            colors="black",
            linestyles="solid",
            linewidths=1.2,
        )


def _plot_signs(axes: Axes, surface: Surface) -> None:
    steps = [
        max(1, math.ceil(grid.size / MOST_SIGNS)) for grid in (surface.exposure_at, surface.moderator_at)
    ]
    thinned = tuple(slice(step // 2, None, step) for step in steps)
    across, up = np.meshgrid(surface.exposure_at[thinned[0]], surface.moderator_at[thinned[1]], indexing="ij")
    for marker, shown in established_signs(surface).items():
        marked = shown[thinned]
        axes.plot(
            across[marked],
            up[marked],
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
    line = axes.axvline if vertical else axes.axhline
    for row in thresholds:
        if row.kind == NONE:
            continue
        line(row.at, color=THRESHOLD_COLOUR, linewidth=1.3, path_effects=CASED)
        for limit in (row.conf_low, row.conf_high):
            if math.isfinite(limit):
                line(
                    limit,
                    color=THRESHOLD_COLOUR,
                    linewidth=0.7,
                    linestyle=INTERVAL_DASH,
                    path_effects=CASED_INTERVAL,
                )


def surface_handles(surfaces: Iterable[Surface], thresholds: Iterable[ThresholdRow]) -> Iterator[Artist]:
    """Yield the entries of a legend for what any of the surfaces shows."""
    shown = list(surfaces)
    if any(not surface.supported.all() for surface in shown):
        yield Patch(
            facecolor="white",
            edgecolor="#9a9a9a",
            hatch="/////",
            linewidth=0,
            label=gettext("few entities near"),
        )
    for marker, name in SIGN_NAMES.items():
        if any(established_signs(surface)[marker].any() for surface in shown):
            yield Line2D(
                [],
                [],
                linestyle="none",
                marker=marker,
                markersize=3.5,
                markerfacecolor="white",
                markeredgecolor="black",
                markeredgewidth=0.5,
                label=gettext(name),
            )
    if any(changes_sign(surface) for surface in shown):
        yield Line2D([], [], color="black", linewidth=1.2, label=gettext("effect of zero"))
    known = [row for row in thresholds if row.kind != NONE]
    if known:
        label = gettext("average effect changes sign")
        if any(math.isfinite(row.conf_low) for row in known):
            label += gettext(", with interval (dashed)")
        yield Line2D([], [], color=THRESHOLD_COLOUR, linewidth=1.3, label=label)
