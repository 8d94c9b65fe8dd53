"""The rows that the coefficients of a fit depend on most, by statsmodels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.plugin import Floats
from harness_panel.resampling.regression import Regression

_SHOWN = 10
_FIXED = 1e-10
"""One less the leverage of a row that has an effect to itself."""


def influence(regression: Regression) -> tuple[Floats, Floats]:
    """Return Cook's distance (Cook 1977) and the leverage of rows, (n_obs,) each, as the equation has them.

    A distance is how far the coefficients move without the row, in units of their classical covariance, over
    their number; it is zero for a row that has an effect to itself. Leverage is that in the regression on
    columns and dummies, in (0, 1]. ``OLSInfluence`` of statsmodels has what effects leave of the columns, and
    does not know that effects take leverage and degrees of freedom; both are put in.
    """
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.outliers_influence import OLSInfluence

    # Residuals regressed on the basis leave themselves, so that the outcome is not needed.
    within = OLSInfluence(OLS(regression.within.residuals, regression.basis).fit())
    leverage = regression.leverage()
    is_free = 1.0 - leverage > _FIXED
    left = (1.0 - within.hat_matrix_diag[is_free]) / (1.0 - leverage[is_free])
    counted = regression.df_resid / (regression.n_obs - regression.n_coef)
    distance = np.zeros(regression.n_obs)
    distance[is_free] = counted * left**2 * within.cooks_distance[0][is_free]
    return distance, leverage


def influence_columns(regression: Regression) -> Mapping[str, Sequence[object]]:
    """Return the rows of greatest influence, up to ten, as a tidy table by columns.

    A row is influential where its distance is above four over the number of rows (Bollen & Jackman 1985).
    A difference is named by its later period, the mean of an entity by its first.
    """
    (distances, leverage), panel = influence(regression), regression.panel
    rows = np.argsort(-distances, kind="stable")[:_SHOWN]
    return {
        "entity": [panel.entity.labels[code] for code in panel.entity.codes[rows].tolist()],
        "period": [panel.time.labels[code] for code in panel.time.codes[rows].tolist()],
        "cooks_distance": distances[rows].tolist(),
        "leverage": leverage[rows].tolist(),
        "is_influential": (distances[rows] > 4.0 / regression.n_obs).tolist(),
    }
