"""The wild cluster bootstrap: inference where clusters are few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness import Correction, EstimationError, Floats, Problem
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.scores import Scores
from harness_panel.covariance.wild_statistics import NullStatistics, null_statistics

Auxiliary = Literal["rademacher", "webb"]

_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))


def is_enumerated(kind: Auxiliary, n_clusters: int, n_draws: int) -> bool:
    """Say whether all Rademacher draws are used, since there are no more than asked for."""
    return kind == "rademacher" and n_clusters < 63 and 2**n_clusters <= n_draws


def auxiliary_weights(kind: Auxiliary, n_clusters: int, n_draws: int, *, rng: Generator) -> Floats:
    """Return numbers of mean zero and variance one, (n_draws, n_clusters).

    Rademacher: -1 or 1; all 2^n_clusters combinations where they are no more than `n_draws`. Webb 2023,
    "Reworking wild bootstrap-based inference for clustered errors": six points of equal probability.
    """
    if is_enumerated(kind, n_clusters, n_draws):
        numbers = np.arange(2**n_clusters)
        bits = (numbers[:, None] >> np.arange(n_clusters)) & 1
        return np.where(bits == 1, 1.0, -1.0)
    points = np.array([-1.0, 1.0]) if kind == "rademacher" else np.concatenate([-_WEBB, _WEBB])
    return rng.choice(points, size=(n_draws, n_clusters))


_MOST_CLUSTERS = 1_000


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
    t statistic anew (WCR of Cameron, Gelbach & Miller 2008). A p-value is the share of draws whose statistic
    is at least as far from zero as the data's; the limits are the null values whose p-value is one less the
    level. Standard errors and degrees of freedom are those of `Clustered`.

    Attributes
    ----------
    by : ``entity``, ``time`` or a further column of the data, whose levels are the clusters
    draws : >= 99
    weights : ``rademacher`` is -1 or 1; ``webb`` has six points, for fewer than about ten clusters, where
        Rademacher weights have few distinct draws. Rademacher draws of which there are no more than `draws`
        are all used, each once, and then nothing is random.
    """

    by: str = "entity"
    draws: int = 999
    weights: Auxiliary = "rademacher"
    kind: Literal["wild_cluster"] = "wild_cluster"

    def __post_init__(self) -> None:
        if self.draws < 99:
            message = f"draws: at least 99; found {self.draws}"
            raise ValueError(message)

    def library_options(self, scores: Scores) -> Mapping[str, object]:
        """Return what linearmodels' ``fit`` is asked for: the errors of `Clustered`.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        n_clusters = scores.grouping(self.by).n_levels
        if n_clusters > _MOST_CLUSTERS:
            raise EstimationError(
                Problem(
                    where="covariance",
                    what=f"the wild cluster bootstrap is for few clusters; there are {n_clusters}",
                    expected=f"up to {_MOST_CLUSTERS}",
                    hint="choose clustered, which needs no bootstrap with so many",
                )
            )
        return self._clustered.library_options(scores)

    def corrected(self, scores: Scores, covariance: Floats) -> tuple[Floats, Correction]:
        """Return the covariance of `Clustered`, (n_coef, n_coef), its correction naming the bootstrap."""
        matrix, correction = self._clustered.corrected(scores, covariance)
        (n_clusters,) = correction.n_clusters
        all_of = is_enumerated(self.weights, n_clusters, self.draws)
        drawn = f"all {2**n_clusters}" if all_of else f"{self.draws}"
        kind = f"{correction.kind}, wild bootstrap of {drawn} {self.weights} draws"
        return matrix, replace(correction, kind=kind)

    @property
    def _clustered(self) -> Clustered:
        return Clustered((self.by,))

    def bootstrap(self, scores: Scores, estimate: Floats, *, factor: float, rng: Generator) -> WildInference:
        """Return p-values and limits of the coefficients.

        Parameters
        ----------
        estimate : (n_coef,)
        factor : small-sample factor of the clustered variance
        rng : draws the weights, which all coefficients share
        """
        clusters = scores.grouping(self.by)
        weights = auxiliary_weights(self.weights, clusters.n_levels, self.draws, rng=rng)
        return WildInference(
            tuple(
                null_statistics(
                    scores, clusters, coefficient=at, estimate=value, weights=weights, factor=factor
                )
                for at, value in enumerate(estimate.tolist())
            )
        )
