"""The wild cluster bootstrap: inference where clusters are few."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from harness.plugin import (
    ClusteredRegression,
    CoefficientTable,
    EffectSet,
    Floats,
    WildClusters,
    wild_cluster_inference,
)
from harness_fixest.clustered import CRV1, read_few_clusters
from harness_fixest.estimate import Estimate, Request
from harness_fixest.regression import FeolsRegression


@dataclass(frozen=True)
class WildBootstrap(WildClusters):
    """Errors of ``crv1`` with p-values and limits of a bootstrap, as `WildClusters` has them."""

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        self._clusters(regression)
        return self._errors.request(regression)

    def table(self, regression: FeolsRegression, estimate: Estimate, *, rng: Generator) -> CoefficientTable:
        """Return the coefficient table.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        clusters = self._clusters(regression)
        table = self._errors.table(regression, estimate, rng=rng)
        inference = wild_cluster_inference(
            _clustered(regression, estimate, clusters), self, factor=table.correction.factor, rng=rng
        )
        how = f"wild cluster bootstrap by {self.by}, {self.number(clusters.n_levels)} {self.weights} draws"
        return replace(table, correction=replace(table.correction, kind=how), inference=inference)

    @property
    def _errors(self) -> CRV1:
        return CRV1(by=(self.by,))

    def _clusters(self, regression: FeolsRegression) -> EffectSet:
        cost = "a wild bootstrap solves for effects once for each column and cluster"
        return read_few_clusters(regression, self.by, cost=cost)


def _clustered(regression: FeolsRegression, estimate: Estimate, clusters: EffectSet) -> ClusteredRegression:
    design = regression.design
    root = np.sqrt(design.weights)[:, None]

    def without_effects(columns: Floats) -> Floats:
        return root * np.column_stack([design.residuals(column) for column in (columns / root).T])

    basis, triangle = np.linalg.qr(estimate.basis)
    are_nested = all(levels.is_within(clusters) for levels in design.sets)
    return ClusteredRegression(
        basis=basis,
        to_coefficients=estimate.units[:, None] * np.linalg.inv(triangle),
        estimate=estimate.slopes,
        residuals=estimate.residuals,
        clusters=clusters,
        without_effects=None if are_nested else without_effects,
    )
