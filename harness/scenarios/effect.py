"""Levels and slopes of a net effect curve, and their bands, as functions on predictions."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.protocol import Fitted, FittedDraws


def partial_dependence(model: Fitted | FittedDraws, panel: Panel, grid: Floats) -> Floats:
    """Return mean predictions at each grid point, the other columns as observed (Friedman 2001).

    Columns that follow from the exposure, such as its square, move with it.

    Returns
    -------
    (n_grid,) for one fit and (n_draws, n_grid) for draws, outcome units.
    """
    means = [model.predict(panel.with_column(panel.exposure, value)).mean(axis=-1) for value in grid.tolist()]
    return np.stack(means, axis=-1)


def slope(levels: Floats, grid: Floats) -> Floats:
    """Return the derivative of curves, (..., n_grid), by differences over neighbouring grid points."""
    return np.asarray(np.gradient(levels, grid, axis=-1))


def pointwise_limits(draws: Floats, *, level: float) -> tuple[Floats, Floats]:
    """Return the lower and upper percentile of draws, (n_draws, n_grid), at each grid point, (n_grid,) each.

    Parameters
    ----------
    level : in (0, 1), nominal coverage of each point on its own
    """
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0)
    return low, high
