"""Loadings of a correlation matrix and the weights of its first factor."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats

LEAST_UNIQUENESS = 0.005
"""Least share of a variable's variance that the factors leave unexplained, so that a fit cannot run to the
boundary where the likelihood has no maximum (a Heywood case); the bound that R's ``factanal`` uses."""


def principal_loadings(correlation: Floats, n_factors: int) -> Floats:
    """Return the loadings of the first principal components, (n_columns, n_factors)."""
    eigenvalue, eigenvector = np.linalg.eigh(correlation)
    largest = slice(None, -n_factors - 1, -1)
    loadings: Floats = eigenvector[:, largest] * np.sqrt(eigenvalue[largest])
    return loadings


def likelihood_loadings(correlation: Floats, n_factors: int) -> Floats:
    """Return the maximum-likelihood loadings of a factor model, (n_columns, n_factors).

    The likelihood is concentrated on the uniquenesses as in Jöreskog (1967), "Some contributions to maximum
    likelihood factor analysis", Psychometrika 32, and maximised within [`LEAST_UNIQUENESS`, 1].

    Parameters
    ----------
    correlation : (n_columns, n_columns), of full rank
    n_factors : >= 1, below n_columns
    """
    from scipy.optimize import minimize

    n_columns = correlation.shape[0]

    def loadings_at(uniqueness: Floats) -> tuple[Floats, Floats]:
        root = np.sqrt(uniqueness)
        eigenvalue, eigenvector = np.linalg.eigh(correlation / np.outer(root, root))
        strength = np.sqrt(np.maximum(eigenvalue[-n_factors:] - 1.0, 0.0))
        return root[:, None] * eigenvector[:, -n_factors:] * strength, eigenvalue[:-n_factors]

    def discrepancy(uniqueness: Floats) -> tuple[float, Floats]:
        loadings, residual = loadings_at(uniqueness)
        misfit = np.einsum("ij,ij->i", loadings, loadings) + uniqueness - np.diag(correlation)
        return float(np.sum(residual - np.log(residual) - 1.0)), misfit / uniqueness**2

    start = (1.0 - 0.5 * n_factors / n_columns) / np.diag(np.linalg.inv(correlation))
    best = minimize(
        discrepancy,
        np.clip(start, LEAST_UNIQUENESS, 1.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LEAST_UNIQUENESS, 1.0)] * n_columns,
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000},
    )
    return loadings_at(best.x)[0]


def rotate_varimax(loadings: Floats) -> Floats:
    """Return loadings, (n_columns, n_factors), rotated so that each column loads on few factors."""
    from statsmodels.multivariate.factor_rotation import rotate_factors

    rotated: Floats = rotate_factors(loadings, "varimax")[0]
    return rotated


def first_factor_weights(correlation: Floats, loadings: Floats) -> Floats:
    """Return the weights, (n_columns,), that score the first factor from standardised columns.

    The first factor explains most variance; its scores are regression scores, R^-1 times its loadings
    (Thomson 1951), which for principal components are the standardised components. Its sign is anchored on
    the first column, whose loading is positive: a rule by all loadings, such as their sum, turns the factor
    round between samples where loadings of both signs nearly cancel.
    """
    first = loadings[:, np.argmax(np.square(loadings).sum(axis=0))]
    sign = 1.0 if first[0] >= 0 else -1.0
    return np.asarray(sign * np.linalg.solve(correlation, first), dtype=np.float64)
