"""A covariance as a library computed it, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import Correction, Floats
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
