"""Least squares by QR on columns of unit length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """A least-squares solution in an orthonormal basis.

    Attributes
    ----------
    basis : (n_obs, n_coef), orthonormal, spans the regressors
    to_coefficients : (n_coef, n_coef), takes coordinates in the basis to coefficients; so the inverse of the
        regressors' cross product is ``to_coefficients @ to_coefficients.T``
    coefficients : (n_coef,)
    residuals : (n_obs,)
    condition : >= 1, condition number of the regressors scaled to unit length
    """

    basis: Floats
    to_coefficients: Floats
    coefficients: Floats
    residuals: Floats
    condition: float


def solve_least_squares(regressors: Floats, target: Floats) -> LeastSquares:
    """Regress a target, (n_obs,), on linearly independent regressors, (n_obs, n_coef).

    Householder QR on columns scaled to unit length (Bjorck 1996, Numerical Methods for Least Squares
    Problems, section 2.4). Nothing is centred or added.
    """
    lengths = np.linalg.norm(regressors, axis=0)
    basis, triangle = np.linalg.qr(regressors / lengths)
    to_coefficients = np.linalg.inv(triangle) / lengths[:, None]
    coordinates = basis.T @ target
    return LeastSquares(
        basis=basis,
        to_coefficients=to_coefficients,
        coefficients=to_coefficients @ coordinates,
        residuals=target - basis @ coordinates,
        condition=float(np.linalg.cond(triangle)) if lengths.size else 1.0,
    )
