"""The middle of the sandwich of an instrumented equation, by the covariance that is asked for."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from harness.plugin import Floats, Grouping
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.conley import Conley
from harness_panel.covariance.robust import Classical, Robust
from harness_panel.resampling.regression import Regression

InstrumentedCovariance = Annotated[Classical | Robust | Clustered | Conley, Field(discriminator="use")]
"""Covariances of instrumented equations; HC2 and HC3 are not among them."""


def meat_of(
    regression: Regression, covariance: InstrumentedCovariance, basis: Floats, residuals: Floats
) -> Floats:
    """Return the covariance of the scores, (n, n), of a basis, (n_obs, n), and residuals, (n_obs,)."""
    n_obs, n_coef = basis.shape
    if isinstance(covariance, Classical):
        classical: Floats = float(residuals @ residuals) / n_obs * np.eye(n_coef)
        return classical
    rows = basis * residuals[:, None]
    if isinstance(covariance, Robust):
        robust: Floats = rows.T @ rows
        return robust
    if isinstance(covariance, Conley):
        return covariance.meat(regression.panel, rows)
    own = [regression.grouping(name) for name in covariance.by]
    terms = [(1.0, grouping) for grouping in own]
    if len(own) == 2:
        terms.append((-1.0, Grouping.of_pairs(own[0].codes, own[1].codes)))
    meat = np.zeros((n_coef, n_coef))
    for sign, grouping in terms:
        sums, n_levels = grouping.sums(rows), grouping.n_levels
        # As linearmodels' option group_debias, which the factor of plm counts on.
        debiased = n_levels / (n_levels - 1) * (n_obs - 1) / n_obs if covariance.correction == "plm" else 1.0
        meat += sign * debiased * sums.T @ sums
    return meat
