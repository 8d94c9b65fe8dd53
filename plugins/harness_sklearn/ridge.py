"""Weighted ridge regressions of all draws at once, and their penalties by restricted maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, Ints

_FLOOR = 1e-10
"""Penalty of columns that have none: it decides between columns that a draw cannot tell apart, and is too
small to move a prediction."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What a ridge regression and its error need to know of the rows: weighted means, one set a draw.

    Attributes
    ----------
    cross : (n_draws, n_columns, n_columns), of products of columns
    right : (n_draws, n_columns), of products of columns and outcome
    square : (n_draws,), of the squared outcome
    """

    cross: Floats
    right: Floats
    square: Floats

    def take(self, draws: Ints) -> Moments:
        """Return the moments of these draws, (n_taken,) positions."""
        return Moments(self.cross[draws], self.right[draws], self.square[draws])

    def mean_squared_error(self, coefficients: Floats) -> Floats:
        """Return the error, (n_draws,), that coefficients, (n_draws, n_columns), make on these rows."""
        quadratic = np.einsum("dp,dpq,dq->d", coefficients, self.cross, coefficients, optimize=True)
        return np.asarray(self.square - 2.0 * np.sum(self.right * coefficients, axis=1) + quadratic)


def moments_of_outcomes(columns: Floats, outcomes: Floats) -> Moments:
    """Return the moments of rows that count alike, those of an outcome in the place of a draw.

    Parameters
    ----------
    columns : (n_obs, n_columns)
    outcomes : (n_outcomes, n_obs)
    """
    shares = np.full((1, len(columns)), 1.0 / len(columns))
    cross = (columns.T * shares) @ columns
    return Moments(
        cross=np.broadcast_to(cross, (len(outcomes), *cross.shape)),
        right=np.concatenate([(shares * outcome) @ columns for outcome in outcomes]),
        square=np.concatenate([shares @ outcome**2 for outcome in outcomes]),
    )


def weighted_moments(columns: Floats, outcome: Floats, weights: Floats) -> Moments:
    """Return the moments of rows.

    Parameters
    ----------
    columns : (n_obs, n_columns)
    outcome : (n_obs,)
    weights : (n_draws, n_obs), >= 0; no row of zeros
    """
    shares = weights / weights.sum(axis=1, keepdims=True)
    return Moments(
        cross=np.stack([(columns.T * share) @ columns for share in shares]),
        right=(shares * outcome) @ columns,
        square=shares @ outcome**2,
    )


def solve_ridge(moments: Moments, penalties: Floats, *, n_free: int) -> Floats:
    """Return the coefficients, (n_draws, n_columns), of least mean squared error plus penalty.

    Parameters
    ----------
    penalties : (n_draws, n_penalised), or (n_draws, 1) for one of all columns, > 0; of the squared
        coefficients of the columns after the first `n_free`
    """
    penalised = penalised_cross(moments, penalties, n_free=n_free)
    return np.asarray(np.linalg.solve(penalised, moments.right[:, :, None])[:, :, 0])


def penalised_cross(moments: Moments, penalties: Floats, *, n_free: int) -> Floats:
    """Return `moments.cross` with the penalties on its diagonal, (n_draws, n_columns, n_columns).

    Parameters
    ----------
    penalties, n_free : as for `solve_ridge`
    """
    n_draws, n_columns = moments.right.shape
    diagonal = np.full((n_draws, n_columns), _FLOOR)
    diagonal[:, n_free:] = penalties
    return np.asarray(moments.cross + diagonal[:, :, None] * np.eye(n_columns))


def errors_of_penalties(train: Moments, selection: Moments, penalties: Floats, *, n_free: int) -> Floats:
    """Return the error on selection rows of each penalty in each draw, (n_penalties, n_draws)."""
    n_draws = train.square.size
    solutions = (solve_ridge(train, np.full((n_draws, 1), penalty), n_free=n_free) for penalty in penalties)
    return np.stack([selection.mean_squared_error(solution) for solution in solutions])


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
