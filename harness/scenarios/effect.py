"""Levels and slopes of the exposure, as functions on predictions."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.protocol import Fitted, FittedDraws
from harness.scenarios.profile import mean_predictions
from harness.scenarios.support import WINDOW


def partial_dependence(model: Fitted | FittedDraws, panel: Panel, grid: Floats) -> Floats:
    """Return mean predictions at each exposure, the other columns as the panel has them (Friedman 2001).

    Columns that follow from the exposure, such as its square, move with it.

    Returns
    -------
    (n_grid,) for one fit and (n_draws, n_grid) for draws, outcome units.
    """
    return mean_predictions(model, panel, columns=(panel.exposure,), points=grid[:, None])


def slope(levels: Floats, grid: Floats, *, axis: int = -1) -> Floats:
    """Return the derivative of levels along a grid by differences over neighbouring points, same shape."""
    return np.asarray(np.gradient(levels, grid, axis=axis))


def row_slopes(model: Fitted | FittedDraws, panel: Panel) -> Floats:
    """Return each row's slope: the change in its prediction per unit of exposure, all else as observed.

    The exposure goes `WINDOW` of its range up and down, but not out of the range; steps of this size let
    models that predict by steps, such as trees, show a slope as well.

    Returns
    -------
    (n_obs,) for one fit and (n_draws, n_obs) for draws, outcome units per unit of exposure.
    """
    exposure = panel.column(panel.exposure)
    step = WINDOW * np.ptp(exposure)
    low = np.maximum(exposure - step, exposure.min())
    high = np.minimum(exposure + step, exposure.max())
    above = model.predict(panel.with_column(panel.exposure, high))
    slopes: Floats = (above - model.predict(panel.with_column(panel.exposure, low))) / (high - low)
    return slopes
