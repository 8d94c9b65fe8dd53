"""The strip under a figure of curves: where the observed exposures lie."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from harness.arrays import Floats

BINS = 40
"""Bars of the histogram; with no more different values than this each value has a bar of its own."""

BAR_WIDTH = 0.02
"""Of the bar of a single value, as a share of the range."""

BAR = "#c9c9c9"
TICK = "#333333"


def draw_rug(axes: Axes, rug: Floats) -> None:
    """Draw a histogram of quantiles, (n_quantiles,), over a tick for each different one."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if rug.size == 0:
        return
    values, counts = np.unique(rug, return_counts=True)
    if 1 < values.size <= BINS:
        axes.bar(values, counts / counts.max(), width=BAR_WIDTH * np.ptp(values), color=BAR)
    else:
        heights, edges = np.histogram(rug, bins=BINS)
        axes.stairs(heights / heights.max(), edges, fill=True, color=BAR)
    gaps = np.full_like(values, np.nan)
    axes.plot(
        np.column_stack([values, values, gaps]).ravel(),
        np.tile([-0.45, -0.1, np.nan], values.size),
        color=TICK,
        linewidth=0.4,
    )
    axes.set_ylim(-0.5, 1.05)
