"""Tests for entity and period effects, and of errors that are dependent over time or across entities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.plugin import (
    CoefficientTable,
    EffectKey,
    EstimationError,
    Floats,
    Grouping,
    Panel,
    Problem,
    marked,
)
from harness_panel.diagnostics.diagnostic import Diagnostic
from harness_panel.solver.absorb import Absorber
from harness_panel.solver.differences import adjacent_pairs, differenced
from harness_panel.solver.equation import Centring, Equation
from harness_panel.solver.random_equation import MEAN, random_equation
from harness_panel.solver.regression import in_words, regress


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


_NULL = marked("entity effects are independent of the columns")


def hausman(panel: Panel) -> Diagnostic:
    """Test by the distance of the random-effects slopes from those within, classical covariances.

    Where the difference of the two covariances is not positive definite the statistic is the size of the
    quadratic form, as plm has it, and the result carries a caution, since no distribution stands behind it.

    Raises
    ------
    EstimationError
        Where either cannot be estimated, or they share no column.
    """
    within = regress(panel, ("entity",))
    random = random_equation(panel).regression()
    common = [term for term in within.terms if term in random.terms]
    own, other = ([fit.terms.index(term) for term in common] for fit in (within, random))
    gap = within.estimate[own] - random.estimate[other]
    spread = (
        within.classical_covariance()[np.ix_(own, own)] - random.classical_covariance()[np.ix_(other, other)]
    )
    if not common:
        raise EstimationError(Problem("hausman", "random effects and fixed effects share no column"))
    caution = "the difference of the two covariances is not positive definite; prefer the test mundlak"
    return Diagnostic(
        name="hausman",
        null=_NULL,
        statistic=abs(float(gap @ np.linalg.solve(spread, gap))),
        distribution="chi2",
        df=(len(common),),
        source="Hausman 1978; plm's phtest",
        caution="" if is_definite(spread) else caution,
    )


def means_test(table: CoefficientTable) -> Diagnostic:
    """Test that the entity means of a table have no slopes.

    Raises
    ------
    EstimationError
        Where there are none, or their covariance is singular.
    """
    at = [position for position, term in enumerate(table.terms) if term.endswith(MEAN)]
    statistic = wald(table, at)
    return Diagnostic(
        name="mundlak",
        null=_NULL,
        statistic=statistic,
        distribution="chi2",
        df=(len(at),),
        source=f"Mundlak 1978; Wald test of entity means, covariance {table.correction.kind}",
    )


_MOST_ENTITIES = 5_000
_FEWEST_PERIODS = 3


def wooldridge(panel: Panel) -> Diagnostic:
    """Test for serial correlation of idiosyncratic errors.

    Residuals of first differences have autocorrelation -1/2 if errors in levels have none. The slope of the
    residuals on those one period before, through the origin and with errors clustered by entity, is tested.

    Raises
    ------
    EstimationError
        Where no entity has three adjacent periods, or fewer than two have.
    """
    from statsmodels.regression.linear_model import OLS

    changes = differenced(panel, adjacent_pairs(panel))
    equation = Equation(changes, Centring.at_zero(panel), Absorber(()), np.ones(changes.n_obs))
    residuals = equation.regression().within.residuals
    pairs = adjacent_pairs(changes)
    before, after = residuals[pairs.earlier], residuals[pairs.later]
    clusters = Grouping.of(changes.entity.codes[pairs.later])
    n_clusters = clusters.n_levels
    if n_clusters < 2:
        raise EstimationError(Problem("entities", "fewer than two have three adjacent periods"))
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": clusters.codes}}
    fitted = OLS(after, before).fit(**clustered)
    slope, variance = float(fitted.params[0]), float(fitted.cov_params()[0, 0])
    return Diagnostic(
        name="serial_correlation",
        null=marked("errors are not correlated over time within entities"),
        statistic=(slope + 0.5) ** 2 / variance,
        distribution="F",
        df=(1, n_clusters - 1),
        source="Wooldridge 2010, section 10.6.3; Drukker 2003, Stata's xtserial",
    )


def pesaran(panel: Panel, residuals: Floats) -> Diagnostic:
    """Test for dependence across entities by the correlations of their residuals, (n_obs,).

    A correlation is over the periods two entities share, at least three, and counts by the root of their
    number.

    Raises
    ------
    EstimationError
        Where no two entities share three periods, or there are more entities than can be paired.
    """
    if panel.n_entities > _MOST_ENTITIES:
        raise EstimationError(
            Problem("entities", f"there are {panel.n_entities} to be paired; up to {_MOST_ENTITIES} are")
        )
    import pandas as pd

    entity, time = (Grouping.of(key.codes) for key in (panel.entity, panel.time))
    values = np.full((time.n_levels, entity.n_levels), np.nan)
    values[time.codes, entity.codes] = residuals
    present = np.isfinite(values).astype(np.float64)
    correlations = pd.DataFrame(values).corr(min_periods=_FEWEST_PERIODS).to_numpy()
    is_pair = np.triu(np.isfinite(correlations), k=1)
    n_pairs = int(np.count_nonzero(is_pair))
    if n_pairs == 0:
        raise EstimationError(Problem("entities", "no two entities share three periods"))
    shared = (present.T @ present)[is_pair]
    statistic = float(np.sqrt(shared) @ correlations[is_pair]) / np.sqrt(n_pairs)
    return Diagnostic(
        name="cross_section_dependence",
        null=marked("errors are not correlated across entities"),
        statistic=float(statistic),
        distribution="normal",
        df=(),
        source="Pesaran 2004, 2015, CD with the pairs of unbalanced panels; plm's pcdtest, test cd",
    )
