"""What is asked of pyfixest, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from harness.plugin import EffectSet, Floats, Ints

GroupFactor = Literal["conventional", "min", "none"]
"""G / (G - 1) of each term of a sandwich with its own G, of the smallest G in all, or no such factor."""


@dataclass(frozen=True)
class Request:
    """The covariance that is asked of pyfixest, without factors for small samples but G / (G - 1).

    Attributes
    ----------
    kind : ``iid`` has the residual variance rss / (n - 1), ``hetero`` and ``CRV1`` are sandwiches
    clusters : one or two sets of clusters, of ``CRV1`` alone
    group_factor : for the number of clusters
    """

    kind: Literal["iid", "hetero", "CRV1"]
    clusters: tuple[EffectSet, ...] = ()
    group_factor: GroupFactor = "none"


@dataclass(frozen=True, eq=False)
class DroppedColumn:
    """A column that effects and other columns determine.

    Attributes
    ----------
    column : its position
    on : positions of the columns that it takes; none where effects alone determine it
    """

    column: int
    on: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Slopes with their covariance, and what they were computed from.

    Attributes
    ----------
    kept : (n_kept,), positions of the columns that have a slope
    dropped : the others that vary
    slopes : (n_kept,), outcome units per unit of the column
    covariance : (n_kept, n_kept), as requested
    units : (n_kept,), slope in outcome units per slope of the standardised column
    basis : (n_obs, n_kept), standardised columns without effects, times the roots of the weights
    outcome : (n_obs,), treated likewise
    scale : standard deviation of the outcome
    """

    kept: Ints
    dropped: tuple[DroppedColumn, ...]
    slopes: Floats
    covariance: Floats
    units: Floats
    basis: Floats
    outcome: Floats
    scale: float

    @cached_property
    def residuals(self) -> Floats:
        """Residuals, (n_obs,), standardised, times the roots of the weights."""
        return self.outcome - self.basis @ (self.slopes / self.units)

    @property
    def rss(self) -> float:
        """Weighted sum of squared residuals, squared outcome units."""
        return float(self.residuals @ self.residuals) * self.scale**2

    @property
    def is_outcome_absorbed(self) -> bool:
        """Whether effects leave nothing of the outcome."""
        return float(self.outcome @ self.outcome) <= 1e-18 * self.outcome.size

    def all_slopes(self, n_columns: int) -> Floats:
        """Return slopes of all columns, (n_columns,), zero for those without one."""
        slopes = np.zeros(n_columns)
        slopes[self.kept] = self.slopes
        return slopes
