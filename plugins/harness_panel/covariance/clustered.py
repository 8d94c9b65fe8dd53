"""Covariances of errors that are dependent within clusters or over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.plugin import (
    ClusteredRegression,
    Correction,
    EstimationError,
    Floats,
    Problem,
    WildClusters,
    WildInference,
    marked,
    wild_cluster_inference,
)
from harness_panel.covariance.independent import LibraryCovariance, correction_of
from harness_panel.solver.absorb import absorber_of, without_effects
from harness_panel.solver.regression import Regression

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
            what = (
                f"clustered by {' and '.join(self.by)} needs two clusters of each; "
                f"there are {', '.join(map(str, n_clusters))}"
            )
            hint = "choose classical or robust, or estimate on more rows"
            raise EstimationError(Problem("covariance", what, hint=hint))
        return {"cov_type": "clustered", "group_debias": self.correction == "plm"}

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), with the correction asked for."""
        n_clusters, n_obs = self._n_clusters(regression), regression.n_obs
        n_effects = _n_effects(regression, self.by, self.correction)
        df = n_obs - regression.n_coef - n_effects
        least = min(n_clusters) / (min(n_clusters) - 1)
        remaining, factor = {
            # linearmodels' group_debias has G / (G - 1) and (n - 1) / n of each term in it.
            "plm": (n_obs / df, (n_obs - 1) / df * (least if len(n_clusters) == 1 else 1.0)),
            "stata": (least * (n_obs - 1) / df,) * 2,
            "linearmodels": (n_obs / df,) * 2,
            "none": (1.0, 1.0),
        }[self.correction]
        matrix, mended = _mended(covariance, remaining, has_constant=regression.has_constant)
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


_MOST_CLUSTERS = 1_000


@dataclass(frozen=True)
class WildCluster(WildClusters):
    """Clustered errors whose p-values and limits come from a wild cluster bootstrap, the null imposed.

    Its options, and the sources of the method, are those of `harness.plugin.WildClusters`.
    """

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for: the errors of `Clustered`.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        n_clusters = regression.grouping(self.by).n_levels
        if n_clusters > _MOST_CLUSTERS:
            what = f"the wild cluster bootstrap is for few clusters; there are {n_clusters}"
            hint = "choose clustered, which needs no bootstrap with so many"
            raise EstimationError(Problem("covariance", what, expected=f"up to {_MOST_CLUSTERS}", hint=hint))
        return self._clustered.library_options(regression)

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return the covariance of `Clustered`, (n_coef, n_coef), its correction naming the bootstrap."""
        matrix, correction = self._clustered.corrected(regression, covariance)
        (n_clusters,) = correction.n_clusters
        number = self.number(n_clusters)
        drawn = f"all {number}" if self.is_enumerated(n_clusters) else f"{number}"
        kind = f"{correction.kind}, wild bootstrap of {drawn} {self.weights} draws"
        return matrix, replace(correction, kind=kind)

    @property
    def _clustered(self) -> Clustered:
        return Clustered((self.by,))

    def bootstrap(
        self, regression: Regression, estimate: Floats, *, factor: float, rng: Generator
    ) -> WildInference:
        """Return p-values and limits of the coefficients.

        Parameters
        ----------
        estimate : (n_coef,)
        factor : small-sample factor of the clustered variance
        rng : draws the weights, which all coefficients share
        """
        absorber, root = regression.absorber, np.sqrt(regression.weights)[:, None]

        def taken_out(columns: Floats) -> Floats:
            return root * without_effects(absorber, columns / root, regression.weights)

        clustered = ClusteredRegression(
            basis=regression.basis,
            to_coefficients=regression.to_coefficients,
            estimate=estimate,
            residuals=regression.within.residuals,
            clusters=regression.grouping(self.by),
            without_effects=taken_out if regression.sets else None,
        )
        return wild_cluster_inference(clustered, self, factor=factor, rng=rng)


@dataclass(frozen=True)
class DriscollKraay:
    """Errors dependent across entities and over a few periods (Driscoll & Kraay 1998), without a factor.

    It is the kernel covariance of linearmodels; lags are counted in periods that some row has.

    Attributes
    ----------
    bandwidth : >= 0, periods
        Largest lag, with Bartlett weights; None is floor(T ** (1 / 4)), T the number of periods.

    Statistics have T - 1 degrees of freedom.
    """

    bandwidth: int | None = None
    use: Literal["driscoll_kraay"] = "driscoll_kraay"

    def __post_init__(self) -> None:
        if self.bandwidth is not None and self.bandwidth < 0:
            message = f"bandwidth: a number of periods >= 0; found {self.bandwidth}"
            raise ValueError(message)

    def library_options(self, regression: Regression) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for.

        Raises
        ------
        EstimationError
            Where there are fewer than two periods, or no more than the bandwidth.
        """
        n_periods, bandwidth = self._periods_and_lags(regression)
        least = max(2, bandwidth + 1)
        if n_periods < least:
            what = (
                f"Driscoll-Kraay of bandwidth {bandwidth} needs {least} periods; the rows are of {n_periods}"
            )
            hint = "choose classical, robust or clustered by entity, or a smaller bandwidth"
            raise EstimationError(Problem("covariance", what, hint=hint))
        return {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": bandwidth}

    def corrected(self, regression: Regression, covariance: LibraryCovariance) -> tuple[Floats, Correction]:
        """Return linearmodels' covariance, (n_coef, n_coef), as it is."""
        kind = "Driscoll-Kraay" + (", bandwidth floor(T^(1/4))" if self.bandwidth is None else "")
        n_periods, lags = self._periods_and_lags(regression)
        return covariance.matrix, correction_of(
            regression, kind, factor=1.0, n_clusters=(n_periods,), bandwidth=lags
        )

    def _periods_and_lags(self, regression: Regression) -> tuple[int, int]:
        n_periods = regression.grouping("time").n_levels
        return n_periods, isqrt(isqrt(n_periods)) if self.bandwidth is None else self.bandwidth
