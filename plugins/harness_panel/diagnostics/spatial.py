"""Tests of pooled residuals for dependence between neighbours: Moran's I and Lagrange multipliers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import EstimationError, Floats, Links, Problem, marked
from harness_panel.diagnostics.diagnostic import Check, Diagnostic
from harness_panel.solver.regression import Regression

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class Neighbours:
    """A pooled regression, and which of its rows are neighbours.

    Attributes
    ----------
    weights : (n_obs, n_obs), rows sum to one, or to zero without neighbours
    basis : (n_obs, n_coef), orthonormal, of the regressors
    residuals, outcome : (n_obs,)
    source : what tells neighbours, in words
    """

    weights: csr_array
    basis: Floats
    residuals: Floats
    outcome: Floats
    source: str

    @classmethod
    def of(cls, regression: Regression, links: Links) -> Neighbours:
        """Return the neighbours of a pooled regression's rows.

        Raises
        ------
        EstimationError
            Where no row has a neighbour.
        """
        if not links.rows.size:
            raise EstimationError(Problem("neighbours", "no period has two rows that are neighbours"))
        outcome = regression.panel.observed
        weights = weight_matrix(links, outcome.size)
        return cls(weights, regression.basis, regression.within.residuals, outcome, links.source)

    def moran(self) -> tuple[float, float, float]:
        """Return Moran's I of the residuals, with its mean and variance for independent normal errors.

        Cliff & Ord 1981, chapter 8: the moments are those of residuals, which the regressors make dependent.
        """
        weights, basis = self.weights, self.basis
        n_obs, n_coef = basis.shape
        unit, df = n_obs / float(weights.sum()), n_obs - n_coef
        ahead, back = weights @ basis, weights.T @ basis
        inner = basis.T @ ahead
        first = -float(np.trace(inner))
        squares = float(weights.multiply(weights).sum()) - float(np.sum(back**2) + np.sum(ahead**2))
        squares += float(np.sum(inner**2))
        products = float(weights.multiply(weights.T).sum()) - 2.0 * float(np.sum(back * ahead))
        products += float(np.sum(inner * inner.T))
        mean = unit * first / df
        variance = unit**2 * (squares + products + first**2) / (df * (df + 2.0)) - mean**2
        own = float(self.residuals @ (weights @ self.residuals)) / float(self.residuals @ self.residuals)
        return unit * own, mean, variance


def weight_matrix(links: Links, n_obs: int) -> csr_array:
    """Return the weights of each row's neighbours, (n_obs, n_obs); those of a row sum to one."""
    from scipy.sparse import csr_array

    return csr_array((links.weights, (links.rows, links.others)), shape=(n_obs, n_obs))


def spatial_tests(regression: Regression) -> Mapping[str, Check]:
    """Return the tests of a pooled regression whose rows have neighbours, none of another, not computed."""
    links = regression.panel.links()
    if links is None:
        return {}
    return {
        "moran": partial(_moran, regression, links),
        **{name: partial(_lagrange, regression, links, name) for name in _NULLS},
    }


def _moran(regression: Regression, links: Links) -> Diagnostic:
    near = Neighbours.of(regression, links)
    value, mean, variance = near.moran()
    return Diagnostic(
        name="moran",
        null=marked("residuals of neighbours are independent"),
        statistic=(value - mean) / sqrt(variance),
        distribution="normal",
        df=(),
        source=f"Moran's I {value:.4f} of {near.source}; Cliff & Ord 1981",
    )


_NULLS: Mapping[str, str] = {
    "lm_error": marked("no spatial correlation of errors"),
    "lm_lag": marked("no spatial lag of the outcome"),
    "lm_error_robust": marked("no spatial correlation of errors, a spatial lag or none"),
    "lm_lag_robust": marked("no spatial lag of the outcome, errors correlated in space or not"),
}


def _lagrange(regression: Regression, links: Links, name: str) -> Diagnostic:
    near = Neighbours.of(regression, links)
    weights, residuals = near.weights, near.residuals
    variance = float(residuals @ residuals) / residuals.size
    trace = float(weights.multiply(weights).sum() + weights.multiply(weights.T).sum())
    # The scores of spatially correlated errors and of a spatial lag, and the variance of the latter.
    error = float(residuals @ (weights @ residuals)) / variance
    lag = float(residuals @ (weights @ near.outcome)) / variance
    lagged = weights @ (near.outcome - residuals)
    remaining = lagged - near.basis @ (near.basis.T @ lagged)
    information = float(remaining @ remaining) / variance + trace
    share = trace / information
    statistic = {
        "lm_error": error**2 / trace,
        "lm_lag": lag**2 / information,
        "lm_error_robust": (error - share * lag) ** 2 / (trace * (1.0 - share)),
        "lm_lag_robust": (lag - error) ** 2 / (information - trace),
    }[name]
    return Diagnostic(
        name=name,
        null=_NULLS[name],
        statistic=statistic,
        distribution="chi2",
        df=(1,),
        source=f"{near.source}; Anselin, Bera, Florax & Yoon 1996",
    )
