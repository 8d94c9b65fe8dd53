"""Weighted ridge regressions, all draws at once, as arrays."""

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
