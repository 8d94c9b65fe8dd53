"""Fits of linear models with effects: one, or one a draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from harness import CoefficientTable, EstimationError, Floats, Panel, Problem
from harness_panel.covariance.kinds import Covariance
from harness_panel.covariance.scores import Sample
from harness_panel.covariance.wild_cluster import WildCluster
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.draws import fit_draws
from harness_panel.resampling.effect import Effect
from harness_panel.resampling.levels import LevelModels, RawEffects
from harness_panel.resampling.regression import Regression, regress
from harness_panel.results.linear_fit import LinearFit

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


def fit_linear(
    panel: Panel,
    effects: tuple[Effect, ...],
    covariance: Covariance,
    *,
    rng: Generator,
    row_weights: Floats | None = None,
    centring: Centring | None = None,
) -> LinearFit:
    """Fit once.

    Parameters
    ----------
    row_weights : (n_obs,), > 0; None counts all rows alike
    centring : levels that the panel's columns are without, and the fit's have again

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect, or cannot carry the covariance.
    """
    regression = regress(panel, effects, weights=row_weights, centring=centring)
    model = regression.models(regression.within.slopes[None], raw_effects(regression))
    return LinearFit(regression.panel, regression, model, tabulate(regression, covariance, rng=rng))


def raw_effects(regression: Regression) -> tuple[RawEffects, ...]:
    """Return the effects of a regression, as those of one draw."""
    return tuple(
        RawEffects(values[None], grouping.sums(regression.weights)[None])
        for values, grouping in zip(regression.within.effects, regression.absorber.groupings, strict=True)
    )


def fit_linear_draws(
    panel: Panel, effects: tuple[Effect, ...], weights: Floats, *, row_weights: Floats
) -> LevelModels:
    """Fit once a draw.

    Parameters
    ----------
    weights : (n_draws, n_obs), >= 0, how often a row was drawn
    row_weights : (n_obs,), > 0, how much a row counts each time

    Raises
    ------
    EstimationError
        Where the rows that any draw uses cannot tell the exposure's effect, or a draw uses none.
    """
    if not weights.any(axis=1).all():
        raise EstimationError(Problem("draws", "a draw has no row of positive weight", hint="draw again"))
    used = np.flatnonzero(weights.any(axis=0))
    rows = panel.take(used)
    regression = regress(rows, effects, weights=row_weights[used])
    fits = fit_draws(
        rows.X,
        rows.observed,
        weights[:, used],
        row_weights=regression.weights,
        absorber=regression.absorber,
        base=regression.within,
    )
    return regression.models(fits.slopes, fits.effects)
