"""A penalty for every curve, by restricted maximum likelihood, as arrays."""

from __future__ import annotations

import numpy as np

from harness.plugin import Floats, Ints
from harness_sklearn.ridge import Moments, penalised_cross

MOST_ROUNDS = 200
"""Rounds after which a search stops; 20 to 60 are usual."""

SETTLED = 0.01
"""Change of every curve's effective degrees of freedom in a round below which a search is at its end."""


def reml_penalties(moments: Moments, n_rows: Floats, curve: Ints, *, lowest: float, highest: float) -> Floats:
    """Return penalties, (n_draws, n_curves), under which curves as random effects are most likely.

    Restricted maximum likelihood with the coefficients of a curve as draws of one variance; a penalty is the
    variance of the errors over that, per row. Found by the fixed point of Fellner and Schall (Wood and
    Fasiolo 2017), whose penalties are identity matrices here.

    Parameters
    ----------
    n_rows : (n_draws,), how many each draw trains on
    curve : (n_penalised,), 0 to n_curves - 1, whose the columns after the free ones are
    lowest, highest : limits of penalties, > 0
    """
    limits = lowest, highest
    return np.stack(
        [
            _of_one(moments.take(np.array([draw])), float(n_rows[draw]), curve, limits)
            for draw in range(n_rows.size)
        ]
    )


def _of_one(moments: Moments, n_rows: float, curve: Ints, limits: tuple[float, float]) -> Floats:
    """Return the penalties of a single draw, (n_curves,)."""
    n_free = moments.right.shape[1] - curve.size
    size = np.bincount(curve).astype(np.float64)
    penalties, freedom = np.full(size.size, np.sqrt(limits[0] * limits[1])), np.full(size.size, np.inf)
    for _ in range(MOST_ROUNDS):
        cross = penalised_cross(moments, penalties[None, curve], n_free=n_free)[0]
        root = _inverse_root(cross)
        coefficients = root.T @ (root @ moments.right[0])
        before = freedom
        spread = np.square(root[:, n_free:]).sum(axis=0)  # the diagonal of the inverse
        freedom = size - penalties * np.bincount(curve, weights=spread)
        if np.abs(freedom - before).max(initial=0.0) < SETTLED:
            break
        left = max(n_rows - n_free - freedom.sum(), 1.0)
        error = moments.mean_squared_error(coefficients[None])[0] / left
        squares = np.bincount(curve, weights=np.square(coefficients[n_free:]))
        penalties = np.clip(error * freedom / np.maximum(squares, np.finfo(np.float64).tiny), *limits)
    return penalties


def _inverse_root(cross: Floats) -> Floats:
    """Return R with R'R the inverse of a positive definite matrix, (n_columns, n_columns)."""
    from scipy.linalg.lapack import dtrtri

    root, _ = dtrtri(np.linalg.cholesky(cross), lower=1)
    return np.asarray(root)
