"""Direct, indirect and total impacts of a spatial Durbin equation, and whether a smaller one would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from harness.plugin import CoefficientTable, Floats, marked
from harness_panel.diagnostics.effects import Check, Diagnostic, wald
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
        means = np.vstack([self._means, self._means.sum(axis=0)])
        level, gradient = means[:, :2] @ picks, means[:, :2] @ picks
        gradient[:, -1] = means[:, 2:] @ picks @ estimate.coefficients
        errors = _errors(gradient, estimate.covariance), _errors(level[:, :-1], estimate.given_rho)
        return level @ estimate.coefficients, *errors


def _errors(gradient: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient)))


NULLS = {
    "durbin_to_lag": marked("the neighbours' regressors have no slopes: a spatial lag is enough"),
    "durbin_to_error": marked("the neighbours' regressors act only through spatially correlated errors"),
}


def reductions(
    estimate: DurbinEstimate, table: CoefficientTable, names: tuple[str, ...]
) -> Mapping[str, Check]:
    """Return the tests, not computed, of the spatial lag and of the spatial error, as special cases.

    With a lag neighbours' regressors have no slopes; with spatial errors -rho times those of one's own.
    """
    own, near = np.stack([estimate.slopes_of(name) for name in names], axis=1)
    slope = own @ estimate.coefficients
    common = near + estimate.rho * own
    gradient = common + slope[:, None] * (np.arange(len(table.terms)) == len(table.terms) - 1)
    rows = {"durbin_to_lag": (near, near), "durbin_to_error": (common, gradient)}
    return {name: partial(_tested, name, *found, table) for name, found in rows.items()}


def _tested(name: str, picks: Floats, gradient: Floats, table: CoefficientTable) -> Diagnostic:
    """Return the Wald test that some combinations of coefficients, (n, n_coef), are zero."""
    kept = np.abs(picks).max(axis=1) > 0.0
    picks, gradient = picks[kept], gradient[kept]
    covariance = gradient @ table.covariance @ gradient.T
    combined = replace(table, estimate=picks @ table.estimate, covariance=covariance)
    source = "Wald test, delta method; LeSage & Pace 2009, section 6.1; Elhorst 2014, section 2.3"
    statistic = wald(combined, range(len(picks)))
    return Diagnostic(name, NULLS[name], statistic, "chi2", (len(picks),), source)
