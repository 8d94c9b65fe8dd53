"""Grids on which curves and surfaces are evaluated, and their values between the grid points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints
from harness.scenarios.support import has_two_values

Spacing = Literal["uniform", "quantiles"]


def exposure_grid(exposure: Floats, *, n_grid: int, spacing: Spacing) -> Floats:
    """Return grid points over the observed range, (n_grid,) or fewer, strictly increasing.

    Of an exposure with two values the grid is these.

    Parameters
    ----------
    exposure : (n_obs,), its unit
    spacing : equal steps, or equal shares of the rows between neighbours (ties merge)
    """
    if has_two_values(exposure):
        return np.unique(exposure)
    if spacing == "uniform":
        return np.linspace(exposure.min(), exposure.max(), n_grid)
    return np.unique(np.quantile(exposure, np.linspace(0.0, 1.0, n_grid)))


@dataclass(frozen=True, eq=False)
class Places:
    """Where values lie on a grid.

    Attributes
    ----------
    left : (n_obs,), positions of the grid points at or before the values
    share : (n_obs,), in [0, 1], how much of the step to the next point has been gone
    """

    left: Ints
    share: Floats

    def take(self, rows: Ints) -> Places:
        """Return the places of some of the values, (n_rows,) positions."""
        return Places(self.left[rows], self.share[rows])


def locate(grid: Floats, values: Floats) -> Places:
    """Return where values, (n_obs,), lie on an increasing grid of two points or more; ends hold beyond it."""
    left = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, grid.size - 2)
    share = (values - grid[left]) / (grid[left + 1] - grid[left])
    return Places(left, np.clip(share, 0.0, 1.0))


def on_curve(curves: Floats, places: Places) -> Floats:
    """Return curves, (..., n_grid), at each place by straight lines between grid points, (..., n_obs)."""
    left, share = places.left, places.share
    return curves[..., left] * (1.0 - share) + curves[..., left + 1] * share


def on_surface(surfaces: Floats, first: Places, second: Places) -> Floats:
    """Return surfaces, (..., n_first, n_second), at pairs of places, linear along each axis, (..., n_obs)."""
    left, share = first.left, first.share
    before, after = (
        surfaces[..., left, at] * (1.0 - share) + surfaces[..., left + 1, at] * share
        for at in (second.left, second.left + 1)
    )
    values: Floats = before * (1.0 - second.share) + after * second.share
    return values


def centred(values: Floats) -> Floats:
    """Return values, (..., n_obs), less their mean over rows."""
    return np.asarray(values - values.mean(axis=-1, keepdims=True))
