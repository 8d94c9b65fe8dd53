"""Tests for entity and period effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.plugin import CoefficientTable, EffectKey, EstimationError, Floats, Panel, Problem
from harness.plugin.reporting import marked
from harness_panel.diagnostics.diagnostic import Diagnostic
from harness_panel.resampling.effect import in_words
from harness_panel.resampling.regression import regress


def f_test_of_effects(
    panel: Panel, effects: tuple[EffectKey, ...], *, weights: Floats | None = None
) -> Diagnostic:
    """Test fixed effects against pooled OLS on the same columns, both with the same weights, (n_obs,).

    Raises
    ------
    EstimationError
        Where either cannot be estimated, or effects take no degrees of freedom.
    """
    pooled, within = (regress(panel, absorbed, weights=weights) for absorbed in ((), effects))
    df1 = pooled.df_resid - within.df_resid
    if df1 <= 0:
        raise EstimationError(Problem("effects", "they explain no more than the columns they absorb"))
    statistic = (pooled.rss - within.rss) / df1 / (within.rss / within.df_resid)
    return Diagnostic(
        name="f_effects",
        null=f"all {in_words(effects)} effects are equal",
        statistic=statistic,
        distribution="F",
        df=(df1, within.df_resid),
        source="Baltagi 2021, Econometric Analysis of Panel Data, section 2.2; plm's pFtest",
    )


def breusch_pagan(panel: Panel) -> Diagnostic:
    """Test for a random effect of the entity by the residuals of pooled OLS, on unbalanced panels too.

    Raises
    ------
    EstimationError
        Where pooled OLS cannot be estimated, or no entity has two rows.
    """
    residuals = regress(panel, ()).within.residuals
    sums = np.bincount(panel.entity.codes, residuals)
    sizes = np.bincount(panel.entity.codes)
    n_obs, pairs = panel.n_obs, float(sizes @ sizes) - panel.n_obs
    if pairs == 0:
        raise EstimationError(Problem("entities", "no entity has two rows"))
    share = 1.0 - float(sums @ sums) / float(residuals @ residuals)
    return Diagnostic(
        name="breusch_pagan",
        null=marked("the variance between entities is zero"),
        statistic=0.5 * n_obs**2 * share**2 / pairs,
        distribution="chi2",
        df=(1,),
        source="Breusch & Pagan 1980; Baltagi & Li 1990 for unbalanced panels; plm's plmtest, type bp",
    )


def wald_of_slopes(table: CoefficientTable, at: Sequence[int]) -> Diagnostic:
    """Test that the slopes at some positions are all zero.

    Raises
    ------
    EstimationError
        As by `wald`.
    """
    statistic = wald(table, at) / len(at)
    return Diagnostic(
        name="slopes",
        null=marked("all slopes are zero"),
        statistic=statistic,
        distribution="F",
        df=(len(at), table.correction.df_resid),
        source=f"Wald test, covariance {table.correction.kind}",
    )


def wald(table: CoefficientTable, at: Sequence[int]) -> float:
    """Return b' V^-1 b of the coefficients at some positions.

    Raises
    ------
    EstimationError
        Where there is none, or V is not positive definite, as with fewer clusters than coefficients.
    """
    if not at:
        raise EstimationError(Problem("test", "there is nothing to test"))
    estimate, covariance = table.estimate[list(at)], table.covariance[np.ix_(at, at)]
    if not is_definite(covariance):
        raise EstimationError(
            Problem("covariance", "the covariance of what is tested is not positive definite")
        )
    return float(estimate @ np.linalg.solve(covariance, estimate))


def is_definite(matrix: Floats) -> bool:
    """Say whether a symmetric matrix is positive definite beyond rounding, whatever the units of its rows."""
    scale = np.sqrt(np.abs(np.diag(matrix)))
    values = np.linalg.eigvalsh(matrix / np.outer(scale, scale))
    return bool(values[0] > 1e-12 * values[-1])
