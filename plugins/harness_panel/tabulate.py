"""From a regression and a covariance to the coefficient table."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from harness import CoefficientTable, Floats
from harness_panel.covariance import Covariance
from harness_panel.regression import Regression
from harness_panel.sample import Sample
from harness_panel.wild_cluster import WildCluster


def tabulate(regression: Regression, covariance: Covariance, *, rng: Generator) -> CoefficientTable:
    """Return the coefficient table of a regression: kept columns, after a constant where there is one.

    Parameters
    ----------
    rng : of covariances that draw; the others leave it alone

    Raises
    ------
    EstimationError
        Where these rows cannot carry the covariance.
    """
    sample = regression_sample(regression)
    estimate = estimates(regression)
    meat = covariance.meat(sample)
    matrix = sample.to_coefficients @ meat.matrix @ sample.to_coefficients.T
    inference = None
    if isinstance(covariance, WildCluster):
        inference = covariance.bootstrap(sample, estimate, factor=meat.correction.factor, rng=rng)
    return CoefficientTable(regression.terms, estimate, matrix, meat.correction, inference)


def estimates(regression: Regression) -> Floats:
    """Return the coefficients in the order of the regression's terms."""
    within = regression.within
    slopes = within.slopes[list(within.screening.kept)]
    if not regression.has_constant:
        return slopes
    return np.concatenate([[within.level_at(np.zeros(within.centre.size))], slopes])


def regression_sample(regression: Regression) -> Sample:
    """Return a regression as its covariance sees it."""
    panel, within = regression.panel, regression.within
    slopes = within.to_slopes[list(within.screening.kept)]
    has_constant = regression.has_constant
    return Sample(
        basis=_with_constant(regression) if has_constant else within.basis,
        to_coefficients=_constant_first(regression, slopes) if has_constant else slopes,
        residuals=within.residuals,
        entity=panel.entity.codes,
        time=panel.time.codes,
        period=panel.period,
        absorber=regression.absorber if regression.effects else None,
        n_effects=regression.n_effects if regression.effects else 0,
    )


def _with_constant(regression: Regression) -> Floats:
    """Return the basis of the columns after that of a constant, (n_obs, 1 + n_kept)."""
    root = np.sqrt(regression.weights)
    return np.column_stack([root / np.linalg.norm(root), regression.within.basis])


def _constant_first(regression: Regression, slopes: Floats) -> Floats:
    """Return what takes coordinates in `_with_constant` to the constant and the slopes.

    The columns of the basis are centred, so the constant is the mean less what the means of the columns add.
    """
    within = regression.within
    first = np.concatenate([[regression.weights.sum() ** -0.5], -within.centre @ within.to_slopes])
    return np.vstack([first, np.column_stack([np.zeros(slopes.shape[0]), slopes])])
