"""The covariance of errors that are dependent within clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.plugin import Correction, EstimationError, Floats, Problem
from harness.plugin.reporting import marked
from harness_panel.covariance.of_library import LibraryCovariance, correction_of
from harness_panel.resampling.absorb import absorber_of
from harness_panel.resampling.regression import Regression

CorrectionName = Literal["plm", "stata", "linearmodels", "none"]
"""Whose small-sample correction a clustered covariance has."""


@dataclass(frozen=True)
class Clustered:
    """Errors dependent within clusters; two dimensions as in Cameron, Gelbach & Miller 2011.

    The sandwich is linearmodels'; the factor before it has a name. G is the clusters, n the rows, and K the
    coefficients without absorbed effects.

    Attributes
    ----------
    by : one or two of ``entity``, ``time`` and further columns of the data, such as ``province``
    correction : ``plm`` is G / (G - 1) times (n - 1) / (n - K), each of the three terms of two dimensions
        with its own G. ``stata`` is that of ``xtreg, fe vce(cluster)`` with time dummies and of ``reghdfe``:
        K counts the constant and the absorbed effects that are not nested in the clusters as well, and two
        dimensions share the smaller G. ``linearmodels`` is n / (n - K) without G, where K counts all absorbed
        effects, unless there is one set, nested in the clusters. ``none`` multiplies by nothing.

    Statistics have G - 1 degrees of freedom, with two dimensions the smaller G.
    """

    by: tuple[str, ...] = ("entity",)
    correction: CorrectionName = "plm"
    use: Literal["clustered"] = "clustered"

    def __post_init__(self) -> None:
        if not 1 <= len(set(self.by)) == len(self.by) <= 2:
            message = f"by: one or two of entity, time and further columns, each once; found {list(self.by)}"
            raise ValueError(message)

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for.

        Raises
        ------
        EstimationError
            Where a dimension has fewer than two clusters, or the panel lacks a column.
        """
        n_clusters = self._n_clusters(regression)
        if min(n_clusters) < 2:
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"clustered by {' and '.join(self.by)} needs two clusters of each; "
                    f"there are {', '.join(map(str, n_clusters))}",
                    hint="choose classical or robust, or estimate on more rows",
                )
            )
        return {"cov_type": "clustered", "group_debias": self.correction == "plm"}

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), with the correction asked for."""
        n_clusters, n_obs = self._n_clusters(regression), regression.n_obs
        n_effects = _n_effects(regression, self.by, self.correction)
        df = n_obs - regression.n_coef - n_effects
        least = min(n_clusters) / (min(n_clusters) - 1)
        left, factor = {
            # linearmodels' group_debias has G / (G - 1) and (n - 1) / n of each term in it.
            "plm": (n_obs / df, (n_obs - 1) / df * (least if len(n_clusters) == 1 else 1.0)),
            "stata": (least * (n_obs - 1) / df,) * 2,
            "linearmodels": (n_obs / df,) * 2,
            "none": (1.0, 1.0),
        }[self.correction]
        matrix, mended = _mended(covariance, left, has_constant=regression.has_constant)
        named = "" if self.correction == "plm" else f", correction {self.correction}"
        kind = f"clustered by {' and '.join(self.by)}{named}{mended}"
        return matrix, correction_of(
            regression, kind, factor=factor, n_clusters=n_clusters, n_effects=n_effects
        )

    def _n_clusters(self, regression: Regression) -> tuple[int, ...]:
        return tuple(regression.grouping(name).n_levels for name in self.by)


def _n_effects(regression: Regression, by: tuple[str, ...], correction: CorrectionName) -> int:
    """Return how many effects a correction counts beside the coefficients."""
    if correction not in ("stata", "linearmodels") or not regression.sets:
        return 0
    clusters = [regression.grouping(name) for name in by]
    if correction == "linearmodels":
        is_nested = len(regression.sets) == 1 and all(map(regression.sets[0].is_within, clusters))
        return 0 if is_nested else regression.n_effects
    crossing = [levels for levels in regression.sets if not any(map(levels.is_within, clusters))]
    return absorber_of(crossing).rank(regression.weights) if crossing else 1


def _mended(covariance: LibraryCovariance, factor: float, *, has_constant: bool) -> tuple[Floats, str]:
    """Return a covariance times a factor, without negative variances, and what was done to it.

    The variance of a constant depends on where columns are zero. One below zero is raised on its own, so that
    the level of a column changes no standard error of a slope.
    """
    matrix = factor * covariance.matrix
    is_negative = np.diag(matrix) < 0.0
    if not is_negative.any():
        return matrix, ""
    nearest = factor * covariance.nearest()
    if not has_constant or is_negative[1:].any():
        return nearest, marked(", negative eigenvalues set to zero")
    matrix[0, 0] = nearest[0, 0]
    return matrix, marked(", negative eigenvalues set to zero for the constant")
