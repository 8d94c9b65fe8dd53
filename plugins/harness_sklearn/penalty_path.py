"""Elastic nets for many penalties, as arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.plugin import Floats

_TOLERANCE = 1e-7
"""Duality gap at which a fit is at its optimum, as a share of the outcome's sum of squares."""


@dataclass(frozen=True, eq=False)
class PenaltyPath:
    """One elastic net for each penalty.

    Attributes
    ----------
    l1_ratio : of all of them
    penalties : (n_penalties,)
    coefficients : (n_terms, n_penalties)
    is_short : (n_penalties,), whether a fit stopped before its optimum
    """

    l1_ratio: float
    penalties: Floats
    coefficients: Floats
    is_short: npt.NDArray[np.bool_]


def penalties_to_try(
    X: Floats, outcome: Floats, *, l1_ratio: float, n_penalties: int, smallest: float
) -> Floats:
    """Return penalties, (n_penalties,), from the least that leaves no term down to a share of it.

    Parameters
    ----------
    X, outcome : as for `fit_path`
    smallest : the last penalty as a share of the first
    """
    none_left = float(np.abs(X.T @ outcome).max()) / (outcome.size * l1_ratio)
    return max(none_left, np.finfo(np.float64).eps) * np.geomspace(1.0, smallest, n_penalties)


def fit_path(
    X: Floats, outcome: Floats, penalties: Floats, *, l1_ratio: float, max_rounds: int
) -> PenaltyPath:
    """Fit once for each penalty, each fit starting from the one before (Friedman, Hastie & Tibshirani 2010).

    Parameters
    ----------
    X : (n_obs, n_terms), columns of mean zero
    outcome : (n_obs,), of mean zero
    penalties : (n_penalties,), decreasing
    l1_ratio : in (0, 1]
    max_rounds : rounds of coordinate descent after which a fit stops
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # is_short tells it instead
        _, coefficients, gaps = enet_path(
            X,
            outcome,
            l1_ratio=l1_ratio,
            alphas=penalties,
            max_iter=max_rounds,
            tol=_TOLERANCE,
            random_state=0,  # nothing is drawn, but without it scikit-learn moves numpy's own generator on
        )
    is_short = gaps * outcome.size > _TOLERANCE * (outcome @ outcome)
    return PenaltyPath(l1_ratio, penalties, coefficients, is_short)
