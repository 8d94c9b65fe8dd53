"""Coefficient tables are complete, and their covariances are covariances."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.conformance.case import Case
from harness.conformance.law import Law
from harness.conformance.laws.capabilities import ABLE, not_declared
from harness.conformance.verdict import Broken
from harness.estimators.coefficients import CoefficientTable
from harness.estimators.protocol import HasCoefficients

ROUNDING = 1e-8
"""Largest asymmetry, or negative eigenvalue, of a covariance as a share of its largest number."""


class Coefficients(Law[Case]):
    """A coefficient table is complete and its covariance is one."""

    name: ClassVar[str] = "coefficients"
    says: ClassVar[str] = "the coefficient table is complete, its covariance symmetric and not negative"
    needs: ClassVar[tuple[str, ...]] = ABLE

    def check(self, case: Case) -> str:
        """Look at terms, estimates, covariance, limits and p-values."""
        if not isinstance(case.fit, HasCoefficients):
            raise not_declared(HasCoefficients)
        table = case.fit.coefficients()
        _check_terms(table)
        _check_covariance(table.covariance)
        _check_inference(table)
        if not table.correction.kind:
            raise Broken("the covariance has no name: `correction.kind` is empty")
        return f"{len(table.terms)} terms, covariance {table.correction.kind}"


def _check_terms(table: CoefficientTable) -> None:
    n_coef = len(table.terms)
    if n_coef == 0 or len(set(table.terms)) < n_coef:
        raise Broken(f"terms are missing or repeated: {', '.join(table.terms) or 'none'}")
    shapes = table.estimate.shape, table.covariance.shape
    if shapes != ((n_coef,), (n_coef, n_coef)):
        raise Broken(f"{n_coef} terms, but estimates and covariance of shapes {shapes[0]} and {shapes[1]}")
    if not np.isfinite(table.estimate).all():
        raise Broken("an estimate is not finite")


def _check_covariance(covariance: Floats) -> None:
    if not np.isfinite(covariance).all():
        raise Broken("the covariance is not finite")
    most = ROUNDING * float(np.abs(covariance).max())
    if np.abs(covariance - covariance.T).max() > most:
        raise Broken("the covariance is not symmetric")
    if np.linalg.eigvalsh(covariance).min() < -most:
        raise Broken("the covariance has a negative eigenvalue")


def _check_inference(table: CoefficientTable) -> None:
    n_coef, limits, p_values = len(table.terms), table.conf_int(0.95), table.p_value
    if limits.shape != (n_coef, 2) or (limits[:, 0] > limits[:, 1]).any():
        raise Broken("confidence limits are not a lower and an upper one for each term")
    if p_values.shape != (n_coef,) or not ((p_values >= 0.0) & (p_values <= 1.0)).all():
        raise Broken("p-values are not numbers between 0 and 1, one for each term")
