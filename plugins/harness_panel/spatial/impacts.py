"""Direct, indirect and total impacts of a spatial Durbin equation, and whether a smaller one would do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.plugin import CoefficientTable, Floats, marked
from harness_panel.diagnostics.effects import Diagnostic, wald
from harness_panel.spatial.likelihood import DurbinEstimate

IMPACTS = ("direct", "indirect", "total")


@dataclass(frozen=True, eq=False)
class Impacts:
    """Mean derivatives of the outcome by a regressor (LeSage & Pace 2009, section 2.7).

    Direct is by the row's own value, total by those of all rows of a period, indirect the difference. Errors
    are by the delta method, of slopes and rho together, by the exact derivatives.
    """

    estimate: DurbinEstimate

    @cached_property
    def _means(self) -> Floats:
        """Mean diagonal, and mean row sum less it, of S, G, GS and GG, (2, 4), over all rows.

        S is (I - rho W)^-1, G is WS; GS and GG are their derivatives by rho.
        """
        sums = np.zeros((2, 4))
        for matrix, rows in self.estimate.equation.network.groups:
            inverse = np.linalg.inv(np.eye(len(matrix)) - self.estimate.rho * matrix)
            spread = matrix @ inverse
            found = (inverse, spread, spread @ inverse, spread @ spread)
            own = np.array([np.trace(one) for one in found])
            sums += len(rows) * np.array([own, [one.sum() for one in found] - own])
        return np.asarray(sums / self.estimate.regression.n_obs)

    def of(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Return a regressor's impacts, their standard errors, and those if rho were known, (3,) each."""
        estimate, picks = self.estimate, self.estimate.slopes_of(name)
        level, change = self._means[:, :2] @ picks, self._means[:, 2:] @ picks
        slopes = estimate.coefficients
        gradient = level.copy()
        gradient[:, -1] = change @ slopes
        both = (np.vstack([rows, rows.sum(axis=0)]) for rows in (level, gradient))
        level, gradient = both
        fixed = level[:, :-1]
        errors = _errors(gradient, estimate.covariance), _errors(fixed, estimate.given_rho)
        return level @ slopes, *errors


def _errors(gradient: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient)))


def reduces_to_lag(estimate: DurbinEstimate, table: CoefficientTable, names: tuple[str, ...]) -> Diagnostic:
    """Test that neighbours' regressors have no slopes, so that the lag of the outcome is enough.

    Raises
    ------
    EstimationError
        As by `wald`.
    """
    picks = np.array([estimate.slopes_of(name)[1] for name in names])
    null = marked("the neighbours' regressors have no slopes: a spatial lag of the outcome is enough")
    return _tested("durbin_to_lag", null, picks, picks, table)


def reduces_to_error(estimate: DurbinEstimate, table: CoefficientTable, names: tuple[str, ...]) -> Diagnostic:
    """Test that slopes of neighbours' regressors are -rho times one's own, as spatial errors have it.

    Raises
    ------
    EstimationError
        As by `wald`.
    """
    own, near = (np.array([estimate.slopes_of(name)[at] for name in names]) for at in (0, 1))
    common, slopes = near + estimate.rho * own, estimate.coefficients
    gradient = common.copy()
    gradient[:, -1] = own @ slopes
    null = marked("the neighbours' regressors act only through spatially correlated errors")
    return _tested("durbin_to_error", null, common, gradient, table)


def _tested(name: str, null: str, picks: Floats, gradient: Floats, table: CoefficientTable) -> Diagnostic:
    """Return the Wald test that some combinations of coefficients, (n, n_coef), are zero."""
    kept = np.abs(picks).max(axis=1) > 0.0
    picks, gradient = picks[kept], gradient[kept]
    terms = tuple(map(str, range(len(picks))))
    covariance = gradient @ table.covariance @ gradient.T
    combined = CoefficientTable(terms, picks @ table.estimate, covariance, table.correction)
    statistic = wald(combined, range(len(picks)))
    source = "Wald test, delta method; LeSage & Pace 2009, section 6.1; Elhorst 2014, section 2.3"
    return Diagnostic(name, null, statistic, "chi2", (len(picks),), source)
