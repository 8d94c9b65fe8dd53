"""Coefficient tables with their covariance and the corrections behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness.arrays import Floats, frozen_floats


@dataclass(frozen=True)
class Correction:
    """How a covariance was computed, so that any of its conventions can be undone.

    Attributes
    ----------
    kind : such as ``classical``, ``HC1``, ``clustered by entity``, ``Driscoll-Kraay``
    n_obs : rows of the fit
    n_coef : coefficients counted, the constant included
    n_effects : absorbed effects counted as coefficients in `factor` or `df_resid`
    n_clusters : clusters of each dimension; empty where there are none
    factor : what the sandwich, or the residual variance, was multiplied by
    df_resid : degrees of freedom of the t distribution of the statistics
    bandwidth : lags of a kernel covariance
    """

    kind: str
    n_obs: int
    n_coef: int
    n_effects: int
    n_clusters: tuple[int, ...]
    factor: float
    df_resid: float
    bandwidth: int | None = None


class Inference(Protocol):
    """P-values and confidence limits that do not rest on a t distribution, such as a bootstrap's."""

    def p_value(self) -> Floats:
        """Return two-sided p-values of a zero coefficient, (n_coef,)."""

    def conf_int(self, level: float) -> Floats:
        """Return confidence limits, (n_coef, 2), of nominal coverage `level`, in (0, 1)."""


@dataclass(frozen=True, eq=False)
class CoefficientTable:
    """Estimates with their covariance.

    Attributes
    ----------
    terms : (n_coef,), names
    estimate : (n_coef,), outcome units per unit of the term
    covariance : (n_coef, n_coef)
    correction : how `covariance` was computed
    inference : where p-values and limits come from; None is the t distribution
    """

    terms: tuple[str, ...]
    estimate: Floats
    covariance: Floats
    correction: Correction
    inference: Inference | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "estimate", frozen_floats(self.estimate))
        object.__setattr__(self, "covariance", frozen_floats(self.covariance))

    @property
    def std_error(self) -> Floats:
        """Standard errors, (n_coef,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def statistic(self) -> Floats:
        """Estimates over standard errors, (n_coef,)."""
        return self.estimate / self.std_error

    @property
    def p_value(self) -> Floats:
        """Two-sided p-values of a zero coefficient, (n_coef,)."""
        if self.inference is not None:
            return self.inference.p_value()
        from scipy import stats

        return np.asarray(2.0 * stats.t.sf(np.abs(self.statistic), self.correction.df_resid))

    def conf_int(self, level: float = 0.95) -> Floats:
        """Return confidence limits, (n_coef, 2), of nominal coverage `level`, in (0, 1)."""
        if self.inference is not None:
            return self.inference.conf_int(level)
        from scipy import stats

        half = stats.t.ppf(0.5 + level / 2.0, self.correction.df_resid) * self.std_error
        return np.column_stack([self.estimate - half, self.estimate + half])
