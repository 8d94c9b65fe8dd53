"""The covariance of errors that are dependent among places near each other.

Conley, T. G. (1999). GMM estimation with cross sectional dependence. Journal of Econometrics 92, 1-45. With
dependence over time as well: Hsiang, S. M. (2010). PNAS 107, 15367-15372.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.plugin import (
    Correction,
    EstimationError,
    Floats,
    Panel,
    Problem,
    great_circle_km,
    rows_by_period,
)
from harness_panel.covariance.independent import LibraryCovariance, correction_of
from harness_panel.solver.regression import Regression

_ROWS_AT_A_TIME = 2_000


@dataclass(frozen=True)
class Conley:
    """Errors dependent among rows of one period up to a distance, and within entities over some periods.

    The sandwich sums s_i K(d_ij) s_j' over pairs of rows of one period, s their scores and d their
    great-circle distance, and s_it L(|t - u|) s_iu' over pairs of rows of one entity; it has no factor.
    Degrees of freedom are those of rows. Neither library has it.

    Attributes
    ----------
    cutoff_km : > 0, distance from which errors are independent
    kernel : weight of a pair: ``bartlett`` falls from one to zero at the cut-off, ``uniform`` is one up to it
    lags : >= 0, periods over which errors of an entity are dependent, with Bartlett weights
    """

    cutoff_km: float
    kernel: Literal["bartlett", "uniform"] = "bartlett"
    lags: int = 0
    use: Literal["conley"] = "conley"

    def __post_init__(self) -> None:
        if not self.cutoff_km > 0.0:
            message = f"cutoff_km: a distance above zero; found {self.cutoff_km}"
            raise ValueError(message)
        if self.lags < 0:
            message = f"lags: a number of periods >= 0; found {self.lags}"
            raise ValueError(message)

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for; its covariance is replaced.

        Raises
        ------
        EstimationError
            Where the panel has no coordinates.
        """
        if regression.panel.coordinates is None:
            what = "Conley errors need to know where rows are, and the panel has no coordinates"
            hint = "name their columns as roles.latitude and roles.longitude"
            raise EstimationError(Problem("covariance", what, hint=hint))
        return {"cov_type": "robust"}

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return the covariance, (n_coef, n_coef)."""
        scores = regression.basis * regression.within.residuals[:, None]
        own = LibraryCovariance(self.meat(regression.panel, scores), regression.to_coefficients)
        return self.mended(regression, own)

    def mended(self, regression: Regression, own: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return a covariance whose middle is by `meat`, (n_coef, n_coef), without negative eigenvalues."""
        matrix, mended = own.matrix, ""
        if (np.linalg.eigvalsh(own.turned) < 0.0).any():
            matrix, mended = own.nearest(), ", negative eigenvalues set to zero"
        over_time = f", {self.lags} lags within entities" if self.lags else ""
        kind = f"Conley, {self.kernel} kernel up to {self.cutoff_km:g} km{over_time}{mended}"
        return matrix, correction_of(regression, kind, factor=1.0)

    def meat(self, panel: Panel, scores: Floats) -> Floats:
        """Return the covariance of the sum of scores, (n, n), given those of rows, (n_obs, n)."""
        coordinates = panel.coordinates
        assert coordinates is not None  # noqa: S101 - refused by `library_options`
        total = np.zeros((scores.shape[1], scores.shape[1]))
        for rows in rows_by_period(panel.period):
            for start in range(0, rows.size, _ROWS_AT_A_TIME):
                some = rows[start : start + _ROWS_AT_A_TIME]
                distance = great_circle_km(coordinates[some], coordinates[rows])
                total += scores[some].T @ (self._weights(distance) @ scores[rows])
        return total + self._over_time(panel, scores) if self.lags else total

    def _weights(self, distance: Floats) -> Floats:
        if self.kernel == "uniform":
            return (distance <= self.cutoff_km).astype(np.float64)
        weights: Floats = np.maximum(1.0 - distance / self.cutoff_km, 0.0)
        return weights

    def _over_time(self, panel: Panel, scores: Floats) -> Floats:
        """Return the sum over pairs of different rows of one entity."""
        order = np.lexsort((panel.period, panel.entity.codes))
        ordered, entity, period = scores[order], panel.entity.codes[order], panel.period[order]
        total = np.zeros((scores.shape[1], scores.shape[1]))
        # Rows of an entity are sorted by period, so that a pair is at most `lags` places apart.
        for apart in range(1, self.lags + 1):
            gap = period[apart:] - period[:-apart]
            is_pair = (entity[apart:] == entity[:-apart]) & (gap <= self.lags)
            weights = np.where(is_pair, 1.0 - gap / (self.lags + 1.0), 0.0)
            across = (ordered[apart:] * weights[:, None]).T @ ordered[:-apart]
            total += across + across.T
        return total
