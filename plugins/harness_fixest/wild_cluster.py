"""The wild cluster bootstrap: inference where clusters are few."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness import CoefficientTable, Floats
from harness_fixest.clustered import CRV1, read_few_clusters
from harness_fixest.effect_set import EffectSet
from harness_fixest.estimate import Estimate, Request
from harness_fixest.regression import Regression
from harness_fixest.wild_statistics import ClusterPieces, NullStatistics

_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))


@dataclass(frozen=True, eq=False)
class WildInference:
    """P-values and limits of a wild cluster bootstrap; `statistics` has one element a coefficient."""

    statistics: tuple[NullStatistics, ...]

    def p_value(self) -> Floats:
        """Return p-values of zero coefficients, (n_coef,)."""
        return np.array([one.p_value(0.0) for one in self.statistics])

    def conf_int(self, level: float) -> Floats:
        """Return the null values that are just not rejected, (n_coef, 2); infinite where none is rejected."""
        return np.array([[one.limit(level, -1.0), one.limit(level, 1.0)] for one in self.statistics])


@dataclass(frozen=True)
class WildCluster:
    """Clustered errors whose p-values and limits come from a wild cluster bootstrap with the null imposed.

    Each draw multiplies the restricted residuals of a whole cluster by one random number and computes the
    t statistic anew, effects included (WCR of Cameron, Gelbach & Miller 2008). A p-value is the share of
    draws whose statistic is at least as far from zero as the data's; the limits are the null values whose
    p-value is one less the level. Standard errors are those of ``crv1``.

    Attributes
    ----------
    by : ``entity``, ``time`` or a column of the data, of at most 1,000 levels
    draws : >= 99
    weights : ``rademacher`` is -1 or 1; ``webb`` has six points, for fewer than about ten clusters, where
        Rademacher weights have few distinct draws. Rademacher draws of which there are no more than `draws`
        are all used, each once, and then nothing is random.
    """

    by: str = "entity"
    draws: int = 999
    weights: Literal["rademacher", "webb"] = "rademacher"
    kind: Literal["wild_cluster"] = "wild_cluster"

    def __post_init__(self) -> None:
        if self.draws < 99:
            message = f"draws: at least 99; found {self.draws}"
            raise ValueError(message)

    def request(self, regression: Regression) -> Request:
        """Return what is asked of pyfixest.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        self._clusters(regression)
        return self._errors.request(regression)

    def table(self, regression: Regression, estimate: Estimate, *, rng: Generator) -> CoefficientTable:
        """Return the coefficient table.

        Raises
        ------
        EstimationError
            Where errors cancel within all clusters.
        """
        clusters = self._clusters(regression)
        table = self._errors.table(regression, estimate, rng=rng)
        weights = self._draw(clusters.n_levels, rng)
        pieces = ClusterPieces.of(regression, clusters, estimate)
        inference = WildInference(
            tuple(
                pieces.statistics(at, estimate, weights, factor=table.correction.factor)
                for at in range(estimate.kept.size)
            )
        )
        how = f"wild cluster bootstrap by {self.by}, {len(weights)} {self.weights} draws"
        return replace(table, correction=replace(table.correction, kind=how), inference=inference)

    @property
    def _errors(self) -> CRV1:
        return CRV1(by=(self.by,))

    def _clusters(self, regression: Regression) -> EffectSet:
        cost = "a wild bootstrap solves for effects once for each column and cluster"
        return read_few_clusters(regression, self.by, cost=cost)

    def _draw(self, n_clusters: int, rng: Generator) -> Floats:
        """Return numbers of mean zero and variance one, (n_draws, n_clusters); Webb 2023 has six points."""
        if self.weights == "rademacher" and n_clusters < 63 and 2**n_clusters <= self.draws:
            bits = (np.arange(2**n_clusters)[:, None] >> np.arange(n_clusters)) & 1
            return np.where(bits == 1, 1.0, -1.0)
        points = np.array([-1.0, 1.0]) if self.weights == "rademacher" else np.concatenate([-_WEBB, _WEBB])
        return rng.choice(points, size=(self.draws, n_clusters))
