"""Tests of a pooled regression whose rows count alike: its variance, its form, neighbours' residuals."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import EstimationError, Floats, Links, Message, Problem, marked
from harness_panel.diagnostics.effects import Check, Diagnostic
from harness_panel.solver.regression import Regression

if TYPE_CHECKING:
    from scipy.sparse import csr_array


# Values of squares and products up to which White's test is computed: its matrices are 0.16 GB each then.
MOST_PRODUCTS = 20_000_000

# Singular values below this share of the largest are rounding.
_NOTHING = 1e-10


def heteroscedasticity(regression: Regression) -> Diagnostic:
    """Test for a variance of the errors that is linear in the columns."""
    from statsmodels.stats.diagnostic import het_breuschpagan

    statistic = float(het_breuschpagan(regression.within.residuals, regression.basis)[0])
    return _of_variance(
        "heteroscedasticity", statistic, regression.n_coef - 1, "Breusch & Pagan 1979; Koenker 1981"
    )


def white(regression: Regression) -> Diagnostic:
    """Test for a variance of the errors that depends on the columns, their squares or their products.

    Raises
    ------
    EstimationError
        Where there are more such terms than a third of the rows, or too many on too many rows.
    """
    from statsmodels.stats.diagnostic import het_breuschpagan

    n_terms = regression.n_coef * (regression.n_coef + 1) // 2
    if 3 * n_terms > regression.n_obs:
        words = marked(
            "{n_terms} squares and products of regressors are more than a third of the {n_obs} rows"
        )
        what = Message(words, n_terms=n_terms, n_obs=regression.n_obs)
        raise EstimationError(Problem("white", what, hint=marked("use the test heteroscedasticity")))
    if n_terms * regression.n_obs > MOST_PRODUCTS:
        what = Message(
            "{n_terms} squares and products of regressors in {n_obs} rows are more than "
            "{MOST_PRODUCTS} numbers",
            n_terms=n_terms,
            n_obs=f"{regression.n_obs:,}",
            MOST_PRODUCTS=f"{MOST_PRODUCTS:,}",
        )
        raise EstimationError(Problem("white", what, hint=marked("use the test heteroscedasticity")))
    first, second = np.triu_indices(regression.n_coef)
    products = regression.basis[:, first] * regression.basis[:, second]
    # Squares of dummies are the dummies: what repeats other terms is left out, which het_white warns of.
    left, sizes, _ = np.linalg.svd(products - products.mean(axis=0), full_matrices=False)
    independent = left[:, sizes > _NOTHING * sizes[0]]
    exog = np.column_stack([np.ones(regression.n_obs), independent])
    statistic = float(het_breuschpagan(regression.within.residuals, exog)[0])
    return _of_variance("white", statistic, independent.shape[1], "White 1980")


def reset(regression: Regression) -> Diagnostic:
    """Test that squares and cubes of the fitted values have no slopes.

    Raises
    ------
    EstimationError
        Where the columns determine these powers, as dummies alone do.
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.diagnostic import linear_reset
    from statsmodels.tools.sm_exceptions import SingularMatrixWarning

    outcome = regression.panel.observed - regression.panel.observed.mean()
    fitted = OLS(outcome / outcome.std(), regression.basis).fit()
    with warnings.catch_warnings():
        warnings.simplefilter("error", SingularMatrixWarning)
        try:
            result = linear_reset(fitted, power=3, test_type="fitted", use_f=True)
        except SingularMatrixWarning as singular:
            what = marked("powers of the fitted values are collinear with the regressors")
            raise EstimationError(Problem("reset", what, hint=marked("drop the test"))) from singular
    null = marked("the outcome is linear in the regressors")
    source = "Ramsey 1969, powers 2 and 3; statsmodels linear_reset"
    df = float(result.df_num), float(result.df_denom)
    return Diagnostic("reset", null, float(result.fvalue), "F", df, source)


def _of_variance(name: str, statistic: float, df: int, source: str) -> Diagnostic:
    null = marked("errors are homoskedastic")
    return Diagnostic(name, null, statistic, "chi2", (df,), f"{source}; statsmodels")


def moran(weights: csr_array, basis: Floats, residuals: Floats) -> tuple[float, float, float]:
    """Return Moran's I of residuals, with its mean and variance for independent normal errors.

    Cliff & Ord 1981, chapter 8: the moments are those of residuals, which the regressors make dependent.

    Parameters
    ----------
    weights : (n_obs, n_obs), rows sum to one, or to zero without neighbours
    basis : (n_obs, n_coef), orthonormal, of the regressors
    residuals : (n_obs,)
    """
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
    own = float(residuals @ (weights @ residuals)) / float(residuals @ residuals)
    return unit * own, mean, variance


def weight_matrix(links: Links, n_obs: int) -> csr_array:
    """Return the weights of each row's neighbours, (n_obs, n_obs); those of a row sum to one."""
    from scipy.sparse import csr_array

    return csr_array((links.weights, (links.rows, links.others)), shape=(n_obs, n_obs))


_NULLS: Mapping[str, str] = {
    "moran": marked("residuals of neighbours are uncorrelated"),
    "lm_error": marked("no spatial correlation of errors"),
    "lm_lag": marked("no spatial lag of the outcome"),
    "lm_error_robust": marked("no spatial correlation of errors, robust to a spatial lag"),
    "lm_lag_robust": marked("no spatial lag of the outcome, robust to spatial errors"),
}


def spatial_tests(regression: Regression) -> Mapping[str, Check]:
    """Return the tests of a pooled regression whose rows have neighbours, none of another, not computed."""
    links = regression.panel.links()
    return {} if links is None else {name: partial(_spatial_test, regression, links, name) for name in _NULLS}


def _spatial_test(regression: Regression, links: Links, name: str) -> Diagnostic:
    if not links.rows.size:
        raise EstimationError.at("neighbours", marked("no period has two neighbouring rows"))
    outcome, residuals, basis = regression.panel.observed, regression.within.residuals, regression.basis
    weights = weight_matrix(links, outcome.size)
    if name == "moran":
        value, mean, spread = moran(weights, basis, residuals)
        source = f"Moran's I {value:.4f} of {links.source}; Cliff & Ord 1981"
        return Diagnostic(name, _NULLS[name], (value - mean) / sqrt(spread), "normal", (), source)
    variance = float(residuals @ residuals) / residuals.size
    trace = float(weights.multiply(weights).sum() + weights.multiply(weights.T).sum())
    # The scores of spatially correlated errors and of a spatial lag, and the variance of the latter.
    error = float(residuals @ (weights @ residuals)) / variance
    lag = float(residuals @ (weights @ outcome)) / variance
    lagged = weights @ (outcome - residuals)
    remaining = lagged - basis @ (basis.T @ lagged)
    information = float(remaining @ remaining) / variance + trace
    share = trace / information
    statistic = {
        "lm_error": error**2 / trace,
        "lm_lag": lag**2 / information,
        "lm_error_robust": (error - share * lag) ** 2 / (trace * (1.0 - share)),
        "lm_lag_robust": (lag - error) ** 2 / (information - trace),
    }[name]
    source = f"{links.source}; Anselin, Bera, Florax & Yoon 1996"
    return Diagnostic(name, _NULLS[name], statistic, "chi2", (1,), source)
