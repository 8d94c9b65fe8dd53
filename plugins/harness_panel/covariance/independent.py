"""Covariances of independent errors, of equal or of any variance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.plugin import Correction, EstimationError, Floats, Problem, marked
from harness_panel.solver.regression import Regression


@dataclass(frozen=True, eq=False)
class LibraryCovariance:
    """A covariance as a library computed it, of columns that were made orthonormal for it.

    Attributes
    ----------
    turned : (n_coef, n_coef), of the coefficients of those columns, all of one length
    to_units : (n_coef, n_coef), takes these coefficients to those of the columns as they are
    """

    turned: Floats
    to_units: Floats

    @property
    def matrix(self) -> Floats:
        """The covariance of the coefficients of the columns as they are, (n_coef, n_coef)."""
        covariance: Floats = self.to_units @ self.turned @ self.to_units.T
        return covariance

    def nearest(self) -> Floats:
        """Return the covariance with negative eigenvalues set to zero, (n_coef, n_coef).

        Taken among orthonormal columns, so that neither units nor levels of columns matter.
        """
        values, vectors = np.linalg.eigh((self.turned + self.turned.T) / 2.0)
        half = self.to_units @ (vectors * np.sqrt(np.maximum(values, 0.0)))
        covariance: Floats = half @ half.T
        return covariance


def correction_of(
    regression: Regression,
    kind: str,
    *,
    factor: float,
    n_clusters: tuple[int, ...] = (),
    n_effects: int = 0,
    bandwidth: int | None = None,
) -> Correction:
    """Describe a covariance; with clusters, their least number less one is the degrees of freedom.

    Parameters
    ----------
    n_effects : effects counted beside the coefficients; without clusters all of them are
    """
    return Correction(
        kind=kind,
        n_obs=regression.n_obs,
        n_coef=regression.n_coef,
        n_effects=n_effects if n_clusters else regression.n_effects,
        n_clusters=n_clusters,
        factor=factor,
        df_resid=min(n_clusters) - 1 if n_clusters else regression.df_resid,
        bandwidth=bandwidth,
    )


_LEVERAGE_POWERS: Mapping[str, float] = {"HC2": 0.5, "HC3": 1.0}
"""Power of 1 - h that a residual is divided by."""


@dataclass(frozen=True)
class Classical:
    """Independent errors of equal variance, RSS / (n - K - G), with K coefficients and G effects."""

    use: Literal["classical"] = "classical"

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for."""
        return {"cov_type": "unadjusted"}

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), with the variance over degrees of freedom."""
        factor = regression.n_obs / regression.df_resid
        return factor * covariance.matrix, correction_of(regression, marked("classical"), factor=factor)


@dataclass(frozen=True)
class PredictionsAlone(Classical):
    """What a fit has that only predicts, as in a fold: no library is asked, and there is no table."""


@dataclass(frozen=True)
class Robust:
    """Independent errors of any variance (White 1980; MacKinnon & White 1985).

    HC0 and HC1 are linearmodels', HC2 and HC3 those of statsmodels. With absorbed effects HC2 and HC3 are our
    own, since neither library knows the leverage of rows in the regression on dummies.

    Attributes
    ----------
    variant : HC0 has no correction; HC1 multiplies by n / (n - K - G), which counts absorbed effects as the
        dummy-variable regression does; HC2 and HC3 divide squared residuals by 1 - h and (1 - h)^2, h the
        leverage in the dummy-variable regression
    """

    variant: Literal["HC0", "HC1", "HC2", "HC3"] = "HC1"
    use: Literal["robust"] = "robust"

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for.

        Raises
        ------
        EstimationError
            For HC2 and HC3 where a row has leverage one, as the only row of an entity has.
        """
        if self.variant in _LEVERAGE_POWERS:
            self._refuse_fixed_rows(regression)
        return {"cov_type": "robust"}

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return linearmodels' HC0, (n_coef, n_coef), times the factor of HC1, or HC2 or HC3 in its place."""
        factor = regression.n_obs / regression.df_resid if self.variant == "HC1" else 1.0
        matrix = (
            regression.to_coefficients @ self._with_leverage(regression) @ regression.to_coefficients.T
            if self.variant in _LEVERAGE_POWERS
            else covariance.matrix
        )
        return factor * matrix, correction_of(regression, self.variant, factor=factor)

    def _with_leverage(self, regression: Regression) -> Floats:
        """Return the covariance of the coordinates in the basis, in which the bread is the identity."""
        if not regression.effects:
            from statsmodels.regression.linear_model import OLS

            # Residuals regressed on the basis leave themselves, so that the outcome is not needed.
            fitted = OLS(regression.within.residuals, regression.basis).fit(cov_type=self.variant)
            return np.asarray(fitted.cov_params())
        slack = (1.0 - regression.leverage()) ** _LEVERAGE_POWERS[self.variant]
        stretched = regression.basis * (regression.within.residuals / slack)[:, None]
        meat: Floats = stretched.T @ stretched
        return meat

    def _refuse_fixed_rows(self, regression: Regression) -> None:
        n_fixed = int(np.count_nonzero(1.0 - regression.leverage() < 1e-10))
        if n_fixed:
            what = (
                f"{self.variant} is undefined: {n_fixed} of {regression.n_obs} rows have "
                "leverage 1, as the only row of an entity"
            )
            hint = "choose another covariance, or leave out entities and periods with a single row"
            raise EstimationError(Problem("covariance", what, expected="HC0, HC1 or clustered", hint=hint))
