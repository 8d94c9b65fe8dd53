"""What a covariance needs to know of a regression: its scores, its leverages, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Correction, EffectKey, Floats, Panel, effect_named, key_of
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.regression import Regression


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


@dataclass(frozen=True, eq=False)
class Scores:
    """A regression in an orthonormal basis of its regressors.

    Attributes
    ----------
    panel : rows of the equation
    effects : what is absorbed, in the order of the absorber's groupings
    basis : (n_obs, n_coef), orthonormal basis of the regressors without their effects, times the roots of
        the weights
    to_coefficients : (n_coef, n_coef), takes coordinates in the basis to coefficients
    residuals : (n_obs,), outcome units times the roots of the weights
    weights : (n_obs,), > 0; basis and residuals hold their roots
    has_constant : whether a constant is the first coefficient, and the first column of the basis its own
    absorber : takes out the effects; None without effects
    n_effects : independent effects taken out
    """

    panel: Panel
    effects: tuple[EffectKey, ...]
    basis: Floats
    to_coefficients: Floats
    residuals: Floats
    weights: Floats
    has_constant: bool
    absorber: Absorber | None
    n_effects: int

    @classmethod
    def of(cls, regression: Regression) -> Scores:
        """Return the scores of a regression."""
        within, has_constant = regression.within, regression.has_constant
        slopes = regression.in_reported_units(within.to_slopes[list(within.screening.kept)])
        return cls(
            panel=regression.panel,
            effects=regression.effects,
            basis=_with_constant(regression) if has_constant else within.basis,
            to_coefficients=_constant_first(regression, slopes) if has_constant else slopes,
            residuals=within.residuals,
            weights=regression.weights,
            has_constant=has_constant,
            absorber=regression.absorber if regression.effects else None,
            n_effects=regression.n_effects if regression.effects else 0,
        )

    @property
    def n_obs(self) -> int:
        """Number of rows."""
        return int(self.basis.shape[0])

    @property
    def n_coef(self) -> int:
        """Number of coefficients, without absorbed effects."""
        return int(self.basis.shape[1])

    @property
    def df_resid(self) -> int:
        """Rows less coefficients less effects."""
        return self.n_obs - self.n_coef - self.n_effects

    def classical_covariance(self) -> Floats:
        """Return the covariance of independent errors of equal variance, (n_coef, n_coef)."""
        variance = float(self.residuals @ self.residuals) / self.df_resid
        covariance: Floats = variance * self.to_coefficients @ self.to_coefficients.T
        return covariance

    def grouping(self, name: str) -> Grouping:
        """Return the rows by the levels of a key or a column.

        Raises
        ------
        EstimationError
            Where the panel carries no such column.
        """
        return Grouping.of(key_of(self.panel, effect_named(name)).codes)

    def leverage(self) -> Floats:
        """Return each row's leverage in the regression on columns and dummies, (n_obs,), in (0, 1]."""
        own: Floats = np.einsum("ij,ij->i", self.basis, self.basis)
        return own if self.absorber is None else own + self.absorber.leverage(self.weights)

    def correction(
        self,
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
            n_obs=self.n_obs,
            n_coef=self.n_coef,
            n_effects=n_effects if n_clusters else self.n_effects,
            n_clusters=n_clusters,
            factor=factor,
            df_resid=min(n_clusters) - 1 if n_clusters else self.df_resid,
            bandwidth=bandwidth,
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
