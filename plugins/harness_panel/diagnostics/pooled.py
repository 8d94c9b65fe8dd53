"""Tests of a pooled regression whose rows count alike, by statsmodels.

They are computed in an orthonormal basis of the constant and the columns, which none of them depends on.
"""

from __future__ import annotations

import warnings

import numpy as np

from harness.plugin import EstimationError, Problem, marked
from harness_panel.diagnostics.diagnostic import Diagnostic
from harness_panel.solver.regression import Regression

MOST_PRODUCTS = 20_000_000
"""Values of squares and products up to which White's test is computed: its matrices are 0.16 GB each then."""

_NOTHING = 1e-10
"""Singular values below this share of the largest are rounding."""


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
        what = (
            f"{n_terms} squares and products of columns are more than a third of the {regression.n_obs} rows"
        )
        raise EstimationError(Problem("white", what, hint="use the test heteroscedasticity"))
    if n_terms * regression.n_obs > MOST_PRODUCTS:
        what = (
            f"{n_terms} squares and products of columns on {regression.n_obs:,} rows are more than "
            f"{MOST_PRODUCTS:,} numbers"
        )
        raise EstimationError(Problem("white", what, hint="use the test heteroscedasticity"))
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
            what = "powers of the fitted values are combinations of the columns"
            raise EstimationError(Problem("reset", what, hint="leave the test out")) from singular
    return Diagnostic(
        name="reset",
        null=marked("the outcome is linear in the columns"),
        statistic=float(result.fvalue),
        distribution="F",
        df=(float(result.df_num), float(result.df_denom)),
        source="Ramsey 1969, powers 2 and 3; statsmodels linear_reset",
    )


def _of_variance(name: str, statistic: float, df: int, source: str) -> Diagnostic:
    return Diagnostic(
        name=name,
        null=marked("errors have equal variances"),
        statistic=statistic,
        distribution="chi2",
        df=(df,),
        source=f"{source}; statsmodels",
    )
