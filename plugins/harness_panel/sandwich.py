"""What stands between the bread of a covariance: sums of products of scores.

A score is a row's regressors times its residual. Regressors are given in an orthonormal basis, in which the
bread is the identity, so each function returns the covariance of the coordinates in that basis.
"""

from __future__ import annotations

import numpy as np

from harness import Floats, Ints
from harness_panel.grouping import Grouping


def independent_rows(scores: Floats) -> Floats:
    """Return the sum of s s' over rows, (n_coef, n_coef), of scores, (n_obs, n_coef).

    White 1980; with a cluster's sum of scores in each row, Liang & Zeger 1986.
    """
    return scores.T @ scores


def dependent_periods(scores: Floats, period: Ints, bandwidth: int) -> Floats:
    """Return the sum of products of the periods' total scores, with Bartlett weights over lags.

    Driscoll & Kraay 1998, equation 7.

    Parameters
    ----------
    period : (n_obs,), calendar positions; two periods are as many lags apart as their positions
    bandwidth : >= 0, largest lag with a weight
    """
    periods = Grouping.of(period - period.min())
    totals, at = periods.sums(scores), periods.levels
    meat: Floats = totals.T @ totals
    for lag in range(1, min(bandwidth, int(at[-1])) + 1):
        later = np.minimum(np.searchsorted(at, at + lag), at.size - 1)
        earlier = np.flatnonzero(at[later] == at + lag)
        cross = totals[later[earlier]].T @ totals[earlier]
        meat += (1.0 - lag / (bandwidth + 1.0)) * (cross + cross.T)
    return meat


def without_negative_variances(meat: Floats) -> Floats:
    """Return the nearest positive semi-definite matrix: negative eigenvalues become zero."""
    values, vectors = np.linalg.eigh(meat)
    nearest: Floats = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return nearest
