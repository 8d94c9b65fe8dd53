"""The covariance of clustered errors by leaving each cluster out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.plugin import CoefficientTable, EffectSet, EstimationError, Floats, Problem
from harness_fixest.clustered import read_few_clusters
from harness_fixest.covariance import correction_of, tabulated
from harness_fixest.estimate import Estimate, Request
from harness_fixest.regression import FeolsRegression


@dataclass(frozen=True)
class CRV3:
    """Errors dependent within clusters, by the jackknife: (G - 1) / G times the sum of squared changes.

    A change is that of the coefficients once a cluster is left out, and the equation fitted anew with its
    effects (CV3 of MacKinnon, Nielsen & Webb 2023, "Fast and reliable jackknife and bootstrap methods").
    Statistics have G - 1 degrees of freedom. pyfixest's own CRV3 knows no trends, and takes effects out to
    six digits; it is this one without the factor.

    Attributes
    ----------
    by : ``entity``, ``time`` or a column of the data, of at most 1,000 levels
    """

    by: str = "entity"
    use: Literal["crv3"] = "crv3"

    def request(self, regression: FeolsRegression) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or too many.
        """
        self._clusters(regression)
        return Request("iid")

    def table(
        self,
        regression: FeolsRegression,
        estimate: Estimate,
        *,
        rng: Generator,
    ) -> CoefficientTable:
        """Return the coefficient table.

        Raises
        ------
        EstimationError
            Where a cluster alone tells a coefficient.
        """
        clusters = self._clusters(regression)
        changes = np.array(
            [self._change(regression, clusters, at, estimate) for at in range(clusters.n_levels)]
        )
        factor = (clusters.n_levels - 1) / clusters.n_levels
        correction = correction_of(
            regression,
            estimate,
            f"CRV3 clustered by {self.by}",
            n_effects=0,
            factor=factor,
            df=clusters.n_levels - 1,
            clusters=(clusters,),
        )
        return tabulated(regression, estimate, factor * changes.T @ changes, correction)

    def _clusters(self, regression: FeolsRegression) -> EffectSet:
        return read_few_clusters(regression, self.by, cost="CRV3 fits once for each")

    def _change(
        self, regression: FeolsRegression, clusters: EffectSet, at: int, estimate: Estimate
    ) -> Floats:
        """Return the change of the slopes without one cluster, (n_kept,)."""
        others = regression.take(np.flatnonzero(clusters.codes != at)).estimate(Request("iid"))
        if not np.array_equal(others.kept, estimate.kept):
            differ = np.setxor1d(estimate.kept, others.kept).tolist()
            names = ", ".join(repr(regression.panel.columns[column]) for column in differ)
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"CRV3 is undefined: without {self.by} {clusters.labels[at]} "
                    f"the effects and other columns determine {names}",
                    expected="crv1, or wild_cluster",
                    hint="choose another covariance, or leave the column out",
                )
            )
        return others.slopes - estimate.slopes
