"""The wild cluster bootstrap: inference where clusters are few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
    wild_cluster_inference,
)
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.of_library import LibraryCovariance
from harness_panel.resampling.absorb import without_effects
from harness_panel.resampling.regression import Regression

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
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"the wild cluster bootstrap is for few clusters; there are {n_clusters}",
                    expected=f"up to {_MOST_CLUSTERS}",
                    hint="choose clustered, which needs no bootstrap with so many",
                )
            )
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
