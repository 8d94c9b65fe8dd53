"""How far a curve may be from the mean of its draws at all points at once: the studentised sup-t."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats

N_SIMULATED = 2000
"""Simulated curves; a probability of 0.95 has a standard error of 0.005 among them."""

LEFT_OVER = 1e-6
"""Share of the draws' variance that principal components need not carry."""


@dataclass(frozen=True, eq=False)
class StudentisedCurves:
    """Deviations of simulated curves from the mean of simulated draws, in units of those draws' own errors.

    A curve like the draws deviates from their mean by a combination of the draws' principal components with
    normal coefficients. Its standard errors are estimated as well: they come from a Wishart matrix of one
    degree of freedom less than there are draws. So the greatest deviation allows for few draws, which
    quantiles of the draws' own greatest deviations do not.

    Attributes
    ----------
    loadings : (n_grid, n_components), the curve's unit
    coefficients : (`N_SIMULATED`, n_components)
    covariances : (`N_SIMULATED`, n_components, n_components), of the components in as many draws as there are
    """

    loadings: Floats
    coefficients: Floats
    covariances: Floats

    @classmethod
    def like(cls, draws: Floats, rng: Generator) -> StudentisedCurves:
        """Return curves simulated from the covariance of draws, (n_draws, n_grid), two draws or more."""
        from scipy.stats import wishart

        n_draws = len(draws)
        loadings = principal_loadings(draws)
        n_components = loadings.shape[1]
        coefficients = rng.standard_normal((N_SIMULATED, n_components))
        drawn = wishart.rvs(n_draws - 1, np.eye(n_components), size=N_SIMULATED, random_state=rng)
        covariances = np.reshape(drawn, (N_SIMULATED, n_components, n_components)) / (n_draws - 1)
        return cls(loadings, coefficients * np.sqrt(1.0 + 1.0 / n_draws), covariances)

    def greatest(self, contrasts: Floats) -> Floats:
        """Return how far each simulated curve rises above zero in any of some contrasts, and falls below.

        Parameters
        ----------
        contrasts : (n_contrasts, n_components), rows or differences of rows of `loadings`

        Returns
        -------
        (2, `N_SIMULATED`), standard errors; the greatest deviation upwards and downwards.
        """
        first, second = np.triu_indices(contrasts.shape[1])
        products = contrasts[:, first] * contrasts[:, second] * np.where(first == second, 1.0, 2.0)
        variance = self.covariances[:, first, second] @ products.T
        ratio = studentised(self.coefficients @ contrasts.T, np.sqrt(np.maximum(variance, 0.0)))
        return np.stack([ratio.max(axis=1), -ratio.min(axis=1)])


def principal_loadings(draws: Floats) -> Floats:
    """Return by how much each principal component of draws moves a curve, (n_grid, n_components).

    Components are those of the standardised draws, (n_draws, n_grid), as many as it takes to carry all but
    `LEFT_OVER` of their variance.
    """
    error = draws.std(axis=0, ddof=1)
    scaled = studentised(draws - draws.mean(axis=0), error) / np.sqrt(len(draws) - 1)
    _, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
    left_over = np.square(sizes[::-1]).cumsum()[::-1]
    n_components = max(1, int((left_over > LEFT_OVER * left_over[0]).sum()))
    n_components = min(n_components, len(draws) - 1)
    return np.asarray(error[:, None] * (directions[:n_components].T * sizes[:n_components]))


def studentised(deviations: Floats, errors: Floats) -> Floats:
    """Return deviations in units of standard errors of a shape that goes with them; zero without an error."""
    return np.divide(deviations, errors, out=np.zeros_like(deviations), where=errors > 0.0)
