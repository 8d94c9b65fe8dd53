"""Accumulated local effects of one regressor (Apley and Zhu 2020)."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.draws import FittedDraws
from harness.estimators.guard import predict_any
from harness.estimators.protocol import Fitted
from harness.scenarios.bins import Bins, bin_means
from harness.scenarios.grid import locate, on_curve


def accumulated_effects(model: Fitted | FittedDraws, panel: Panel, name: str, bins: Bins) -> Floats:
    """Return the accumulated local effects of a regressor at the edges of its bins.

    Within each bin every row's prediction is compared at the two edges, all else as observed, and the mean
    changes are added up from the left. No row is predicted far from where it was observed, so that the curve
    holds where regressors are correlated and partial dependence extrapolates. Columns that follow from the
    regressor move with it. The mean over the rows, on straight lines between edges, is zero.

    Parameters
    ----------
    name : the regressor
    bins : of its values on the panel's rows

    Returns
    -------
    (n_bins + 1,) for one fit and (n_draws, n_bins + 1) for draws, outcome units.
    """
    change = predict_any(model, panel.with_column(name, bins.high))
    change = change - predict_any(model, panel.with_column(name, bins.low))
    steps = bin_means(change, bins.codes, bins.n_bins)
    uncentred = np.concatenate([np.zeros_like(steps[..., :1]), np.cumsum(steps, axis=-1)], axis=-1)
    at_rows = on_curve(uncentred, locate(bins.edges, panel.column(name)))
    effects: Floats = uncentred - at_rows.mean(axis=-1, keepdims=True)
    return effects
