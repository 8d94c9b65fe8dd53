"""Accumulated local effects of one regressor (Apley and Zhu 2020), over bins of equal shares of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.draws import FittedDraws
from harness.estimators.guard import predict_any
from harness.estimators.protocol import Fitted
from harness.scenarios.grid import locate, on_curve


@dataclass(frozen=True, eq=False)
class Bins:
    """Neighbouring stretches of a variable's range, each with at least one row.

    Attributes
    ----------
    edges : (n_bins + 1,), increasing observed values; the least and the greatest value are the outer ones
    codes : (n_obs,), bin of each row; a row on an edge is in the bin below it, if there is one
    """

    edges: Floats
    codes: Ints

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return self.edges.size - 1

    def of(self, values: Floats) -> Bins:
        """Return the same bins with other values in them, (n_values,), none outside of the edges."""
        return Bins(self.edges, _places(self.edges, values))

    @property
    def low(self) -> Floats:
        """Lower edge of each row's bin, (n_obs,)."""
        return self.edges[self.codes]

    @property
    def high(self) -> Floats:
        """Upper edge of each row's bin, (n_obs,)."""
        return self.edges[self.codes + 1]


def quantile_bins(values: Floats, *, n_bins: int) -> Bins:
    """Return `n_bins` bins of values, (n_obs,), not all equal; fewer where ties merge bins."""
    shares = np.linspace(0.0, 1.0, n_bins + 1)
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf"))
    return Bins(edges, _places(edges, values))


def _places(edges: Floats, values: Floats) -> Ints:
    return np.maximum(np.searchsorted(edges, values, side="left") - 1, 0)


def bin_means(values: Floats, codes: Ints, n_bins: int) -> Floats:
    """Return the mean of values, (..., n_obs), over the rows of each bin, (..., n_bins); zero without any."""
    sums = [np.bincount(codes, own, n_bins) for own in values.reshape(-1, codes.size)]
    counts = np.maximum(np.bincount(codes, minlength=n_bins), 1)
    means: Floats = (np.array(sums) / counts).reshape(*values.shape[:-1], n_bins)
    return means


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
