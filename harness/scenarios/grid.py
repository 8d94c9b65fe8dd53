"""Grids on which curves and surfaces are evaluated: their support in the data, and values between points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Message

# Half-width of the neighbourhood of a grid point, as a share of the exposure's range.
WINDOW = 0.05

# Least share of the entities that must have a row in the neighbourhood; at least two entities.
LEAST_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Support:
    """Rows near each grid point.

    Attributes
    ----------
    n_obs, n_entities : (n_grid,) of a curve or (n_first, n_second) of a surface, rows and entities within the
        neighbourhood
    supported : of the same shape, whether enough entities are there to speak of the curve or surface
    """

    n_obs: Ints
    n_entities: Ints
    supported: Mask


def support(exposure: Floats, entities: Ints, grid: Floats) -> Support:
    """Count rows and entities within `WINDOW` of each grid point.

    Parameters
    ----------
    exposure : (n_obs,), its unit
    entities : (n_obs,), codes
    grid : (n_grid,), the exposure's unit
    """
    near = np.abs(exposure[None, :] - grid[:, None]) <= WINDOW * np.ptp(exposure)
    n_entities = np.array([np.unique(entities[row]).size for row in near], dtype=np.int64)
    return Support(near.sum(axis=1, dtype=np.int64), n_entities, n_entities >= least_entities(entities))


def least_entities(entities: Ints) -> float:
    """Return how many entities a neighbourhood needs, of those that codes, (n_obs,), name."""
    return max(2.0, LEAST_SHARE * np.unique(entities).size)


def has_two_values(values: Floats) -> bool:
    """Return whether values, (n_obs,), are two different ones, between which there is nothing."""
    low, high = values.min(), values.max()
    return bool(low < high and np.all((values == low) | (values == high)))


def runs_of(marked: Mask) -> list[tuple[int, int]]:
    """Return the first and the last position of each stretch of marked grid points."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int64)))
    return list(zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True))


def longest_run(marked: Mask) -> slice:
    """Return the longest stretch of marked grid points, the first of equals; empty where none is marked."""
    first, last = max(runs_of(marked), key=lambda run: run[1] - run[0], default=(0, -1))
    return slice(first, last + 1)


def require_variation(panel: Panel, name: str) -> None:
    """Refuse a panel on whose rows a regressor has one value only.

    Raises
    ------
    EstimationError
        Naming the regressor.
    """
    if np.ptp(panel.column(name)) == 0.0:
        what = Message("has one value only on these {n_obs} rows", n_obs=panel.n_obs)
        raise EstimationError.at(name, what, expected="a variable that varies")


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
class Positions:
    """Where values lie on a grid.

    Attributes
    ----------
    left : (n_obs,), positions of the grid points at or before the values
    share : (n_obs,), in [0, 1], how much of the step to the next point has been gone
    """

    left: Ints
    share: Floats

    def take(self, rows: Ints) -> Positions:
        """Return the positions of some of the values, (n_rows,) positions."""
        return Positions(self.left[rows], self.share[rows])


def locate(grid: Floats, values: Floats) -> Positions:
    """Return where values, (n_obs,), lie on an increasing grid of two points or more; ends hold beyond it."""
    left = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, grid.size - 2)
    share = (values - grid[left]) / (grid[left + 1] - grid[left])
    return Positions(left, np.clip(share, 0.0, 1.0))


def on_curve(curves: Floats, positions: Positions) -> Floats:
    """Return curves, (..., n_grid), at each position by straight lines between grid points, (..., n_obs)."""
    left, share = positions.left, positions.share
    return curves[..., left] * (1.0 - share) + curves[..., left + 1] * share


def on_surface(surfaces: Floats, first: Positions, second: Positions) -> Floats:
    """Return surfaces, (..., n_first, n_second), at pairs of positions, (..., n_obs), by straight lines."""
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
