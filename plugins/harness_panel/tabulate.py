"""From a regression and a covariance to the coefficient table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from harness import CoefficientTable, EstimationError, Floats, Problem
from harness_panel.covariance import Covariance
from harness_panel.regression import Regression
from harness_panel.sample import Sample
from harness_panel.wild_cluster import WildCluster

_NOTHING = 1e-24
"""Variances below this share of those of independent errors are rounding."""


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
    table = _table(regression, sample, covariance)
    if not isinstance(covariance, WildCluster):
        return table
    inference = covariance.bootstrap(sample, table.estimate, factor=table.correction.factor, rng=rng)
    return replace(table, inference=inference)


def tabulate_by_t(regression: Regression, covariance: Covariance) -> CoefficientTable:
    """Return the same with p-values and limits of the t distribution, which draws nothing."""
    return _table(regression, regression_sample(regression), covariance)


def _table(regression: Regression, sample: Sample, covariance: Covariance) -> CoefficientTable:
    meat = covariance.meat(sample)
    matrix = sample.to_coefficients @ meat.matrix @ sample.to_coefficients.T
    _refuse_nothing(sample, np.diag(matrix), regression.terms, meat.correction.kind)
    return CoefficientTable(regression.terms, estimates(regression), matrix, meat.correction)


def _refuse_nothing(sample: Sample, variances: Floats, terms: Sequence[str], kind: str) -> None:
    """Refuse variances, (n_coef,), of which cancelling has left rounding alone.

    With effects of entities in two periods, say, the scores of either period sum to zero.
    """
    plain = float(sample.residuals @ sample.residuals) / sample.n_obs
    usual = plain * np.sum(sample.to_coefficients**2, axis=1)
    is_nothing = variances < _NOTHING * usual
    if is_nothing.any():
        named = ", ".join(repr(terms[at]) for at in np.flatnonzero(is_nothing).tolist())
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"{kind}: the standard error of {named} is zero, since scores cancel within clusters",
                hint="cluster by another key, or choose classical or robust",
            )
        )


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
        weights=regression.weights,
        has_constant=has_constant,
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
