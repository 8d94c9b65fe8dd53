"""What stands between the bread of a covariance: sums of products of scores.

A score is a row's regressors times its residual. Regressors are given in an orthonormal basis, in which the
bread is the identity, so each function returns the covariance of the coordinates in that basis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Correction, Floats, Ints
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.grouping import Grouping


@dataclass(frozen=True, eq=False)
class Sample:
    """A regression as its covariance sees it.

    Attributes
    ----------
    basis : (n_obs, n_coef), orthonormal basis of the regressors without their effects, times the roots of
        the weights
    to_coefficients : (n_coef, n_coef), takes coordinates in the basis to coefficients
    residuals : (n_obs,), outcome units times the roots of the weights
    entity, time : (n_obs,), codes of the row's entity and time
    period : (n_obs,), calendar position of the row's time
    weights : (n_obs,), > 0; basis and residuals hold their roots
    has_constant : whether a constant is the first coefficient, and the first column of the basis its own
    absorber : takes out the effects; None without effects
    n_effects : independent effects taken out
    """

    basis: Floats
    to_coefficients: Floats
    residuals: Floats
    entity: Ints
    time: Ints
    period: Ints
    weights: Floats
    has_constant: bool
    absorber: Absorber | None
    n_effects: int

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

    def scores(self) -> Floats:
        """Return each row's basis times its residual, (n_obs, n_coef)."""
        return self.basis * self.residuals[:, None]

    def score_sums(self, grouping: Grouping) -> Floats:
        """Return the sums of scores over the levels of a grouping, (n_levels, n_coef)."""
        return np.column_stack([grouping.sums(column * self.residuals) for column in self.basis.T])

    def leverage(self) -> Floats:
        """Return each row's leverage in the regression on columns and dummies, (n_obs,), in (0, 1]."""
        own: Floats = np.einsum("ij,ij->i", self.basis, self.basis)
        return own if self.absorber is None else own + self.absorber.leverage(self.weights)

    def correction(
        self, kind: str, *, factor: float, n_clusters: tuple[int, ...] = (), bandwidth: int | None = None
    ) -> Correction:
        """Describe a covariance; with clusters, their least number less one is the degrees of freedom."""
        return Correction(
            kind=kind,
            n_obs=self.n_obs,
            n_coef=self.n_coef,
            n_effects=0 if n_clusters else self.n_effects,
            n_clusters=n_clusters,
            factor=factor,
            df_resid=min(n_clusters) - 1 if n_clusters else self.df_resid,
            bandwidth=bandwidth,
        )


@dataclass(frozen=True, eq=False)
class Meat:
    """A covariance in the coordinates of a sample's basis, (n_coef, n_coef), and how it was computed."""

    matrix: Floats
    correction: Correction


def independent_rows(scores: Floats) -> Floats:
    """Return the sum of s s' over rows, (n_coef, n_coef), of scores, (n_obs, n_coef).

    White 1980; with a cluster's sum of scores in each row, Liang & Zeger 1986.
    """
    return scores.T @ scores


def dependent_periods(scores: Floats, period: Ints, bandwidth: int) -> Floats:
    """Return the sum of products of the periods' total scores, with Bartlett weights over lags.

    Driscoll & Kraay 1998, equation 7.

    Parameters
    ----------
    period : (n_obs,), calendar positions; two periods are as many lags apart as their positions
    bandwidth : >= 0, largest lag with a weight
    """
    periods = Grouping.of(period - period.min())
    totals, at = periods.sums(scores), periods.levels
    meat: Floats = totals.T @ totals
    for lag in range(1, min(bandwidth, int(at[-1])) + 1):
        later = np.minimum(np.searchsorted(at, at + lag), at.size - 1)
        earlier = np.flatnonzero(at[later] == at + lag)
        cross = totals[later[earlier]].T @ totals[earlier]
        meat += (1.0 - lag / (bandwidth + 1.0)) * (cross + cross.T)
    return meat


def without_negative_variances(meat: Floats) -> Floats:
    """Return the nearest positive semi-definite matrix: negative eigenvalues become zero."""
    values, vectors = np.linalg.eigh(meat)
    nearest: Floats = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return nearest
