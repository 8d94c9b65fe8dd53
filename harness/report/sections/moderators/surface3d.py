"""A surface over exposure and moderator in three dimensions, for print."""

from __future__ import annotations

import math

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Normalize
from mpl_toolkits.mplot3d import Axes3D

from harness.report.drawing.palette import SURFACE_MAP
from harness.report.sections.moderators.surfaces import Surface

MOST_FACETS = 24
"""Along each axis; a finer grid shows every second or third of its cells."""

AWAY = (0.86, 0.86, 0.86, 0.55)
"""Colour of facets that the data do not reach."""

ELEVATION, AZIMUTH = 24.0, -128.0


def draw_surface3d(axes: Axes3D, surface: Surface) -> None:
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
