"""The wild cluster bootstrap with the null imposed: inference where clusters are few.

Each draw multiplies the restricted residuals of a whole cluster by one random number and computes the t
statistic anew (WCR of Cameron, Gelbach & Miller 2008, "Bootstrap-based improvements for inference with
clustered errors", Review of Economics and Statistics 90; what it can and cannot do with few treated clusters:
MacKinnon & Webb 2018, "The wild bootstrap for few (treated) clusters", Econometrics Journal 21).

Notation of MacKinnon, Nielsen & Webb 2023, "Fast and reliable jackknife and bootstrap methods for
cluster-robust inference", Journal of Applied Econometrics 38, with regressors in an orthonormal basis Q, so
that a coefficient is ``a'q``, q the coordinates. Under the null value r the restricted residuals are
``u + (b - r) Q a / a'a``: all that a draw needs is linear in r, so no draw is ever regressed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Grouping
from harness.errors import EstimationError
from harness.language import marked

# Statistics this close count as equal, such as those of a draw that changes no sign.
_TIE = 1e-9

_DOUBLINGS, _HALVINGS = 12, 40


@dataclass(frozen=True, eq=False)
class NullScores:
    """What one set of restricted residuals adds to the scores of a draw.

    Attributes
    ----------
    own : (n_clusters,), each cluster's share of the numerator
    rescored : (n_clusters, n_clusters), score of the row's cluster, after the draw is regressed anew, per
        unit of the column's cluster's weight
    """

    own: Floats
    rescored: Floats


@dataclass(frozen=True, eq=False)
class NullStatistics:
    """The t statistics of one coefficient, of the data and of draws.

    Attributes
    ----------
    estimate, std_error : of the data
    level, slope : scores of the unrestricted residuals, and what is added for each unit of estimate less null
    weights : (n_draws, n_clusters)
    factor : small-sample factor of the variance
    """

    estimate: float
    std_error: float
    level: NullScores
    slope: NullScores
    weights: Floats
    factor: float

    def of_draws(self, null: float) -> Floats:
        """Return the statistics of the draws under a null value, (n_draws,)."""
        gap = self.estimate - null
        numerator = self.weights @ (self.level.own + gap * self.slope.own)
        scores = self.weights @ (self.level.rescored + gap * self.slope.rescored).T
        spread = np.sqrt(self.factor * np.sum(scores**2, axis=1))
        statistics: Floats = np.divide(numerator, spread, out=np.zeros_like(numerator), where=spread > 0.0)
        return statistics

    def p_value(self, null: float) -> float:
        """Return the share of draws at least as far from zero as the data's statistic."""
        own = abs(self.estimate - null) / self.std_error
        return float(np.mean(np.abs(self.of_draws(null)) >= own * (1.0 - _TIE)))

    def limit(self, level: float, side: float) -> float:
        """Return the null value above (side 1) or below (side -1) the estimate where p falls to 1 - level.

        Infinite where no null value is rejected, as with too few clusters to reject anything.
        """

        def is_rejected(distance: float) -> bool:
            return self.p_value(self.estimate + side * distance * self.std_error) <= 1.0 - level

        inside, outside = 0.0, 1.0
        for _ in range(_DOUBLINGS):
            if is_rejected(outside):
                break
            inside, outside = outside, 2.0 * outside
        else:
            return side * np.inf
        for _ in range(_HALVINGS):
            middle = 0.5 * (inside + outside)
            inside, outside = (inside, middle) if is_rejected(middle) else (middle, outside)
        return self.estimate + side * outside * self.std_error


@dataclass(frozen=True, eq=False)
class WildInference:
    """P-values and limits of a wild cluster bootstrap; `statistics` has one element per coefficient."""

    statistics: tuple[NullStatistics, ...]

    def p_value(self) -> Floats:
        """Return p-values of zero coefficients, (n_coef,)."""
        return np.array([statistics.p_value(0.0) for statistics in self.statistics])

    def conf_int(self, level: float) -> Floats:
        """Return the limits of the non-rejected null values, (n_coef, 2); infinite if none is rejected."""
        return np.array(
            [[statistics.limit(level, side) for side in (-1.0, 1.0)] for statistics in self.statistics]
        )


# Distributions of the random numbers; ``rademacher`` is -1 or 1, ``webb`` has six points.
Auxiliary = Literal["rademacher", "webb"]

_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))

_MOST_AT_ONCE = 64
# Clusters, and numbers in memory, up to which pieces are rid of effects at once.
_MOST_NUMBERS = 2**23

# Draws that may be asked for.
MOST_DRAWS = 1_000_000


@dataclass(frozen=True)
class WildClusters:
    """Clustered errors whose p-values and limits come from a wild cluster bootstrap with the null imposed.

    Each draw multiplies the restricted residuals of a whole cluster by one random number and computes the
    t statistic anew, effects included (WCR of Cameron, Gelbach & Miller 2008). A p-value is the share of
    draws whose statistic is at least as far from zero as the data's; the limits are the null values whose
    p-value is one less the level. Standard errors and degrees of freedom are those without the bootstrap.

    Attributes
    ----------
    by : the clusters: ``entity``, ``time`` or another column of at most 1,000 categories
    draws : >= 99, <= 1,000,000
    weights : ``rademacher`` is -1 or 1; ``webb`` has six points, for fewer than about ten clusters, where
        Rademacher weights have few distinct draws. Rademacher draws of which there are no more than `draws`
        are all used, each once, and then nothing is random.
    """

    by: str = "entity"
    draws: int = 999
    weights: Auxiliary = "rademacher"
    use: Literal["wild_cluster"] = "wild_cluster"

    def __post_init__(self) -> None:
        if not 99 <= self.draws <= MOST_DRAWS:
            limit = "at least 99" if self.draws < 99 else f"at most {MOST_DRAWS}"
            message = f"draws: {limit}; found {self.draws}"
            raise ValueError(message)

    def is_enumerated(self, n_clusters: int) -> bool:
        """Whether all Rademacher draws are enumerated, because there are no more than `draws`."""
        return self.weights == "rademacher" and n_clusters < 63 and 2**n_clusters <= self.draws

    def number(self, n_clusters: int) -> int:
        """Return the number of draws used for this number of clusters."""
        return 2**n_clusters if self.is_enumerated(n_clusters) else self.draws

    def of(self, n_clusters: int, *, rng: Generator) -> Floats:
        """Return weights of mean zero and variance one, (n_draws, n_clusters).

        The six points of Webb 2023, "Reworking wild bootstrap-based inference for clustered errors", Canadian
        Journal of Economics 56, have equal probabilities.
        """
        if self.is_enumerated(n_clusters):
            bits = (np.arange(2**n_clusters)[:, None] >> np.arange(n_clusters)) & 1
            return np.where(bits == 1, 1.0, -1.0)
        is_sign = self.weights == "rademacher"
        points = np.array([-1.0, 1.0]) if is_sign else np.concatenate([-_WEBB, _WEBB])
        return rng.choice(points, size=(self.draws, n_clusters))


@dataclass(frozen=True, eq=False)
class ClusteredRegression:
    """A regression in an orthonormal basis of its columns, with the cluster of every row.

    Attributes
    ----------
    basis : (n_obs, n_coef), orthonormal basis of the columns without effects, times the roots of the weights
    to_coefficients : (n_coef, n_coef), takes coordinates in the basis to coefficients
    estimate : (n_coef,), coefficients
    residuals : (n_obs,), times the roots of the weights, in units of the dependent variable
    clusters : of the rows
    without_effects : absorbs the effects from columns, (n_obs, n_columns), times the roots of the weights;
        None without effects, or where all are nested in the clusters
    """

    basis: Floats
    to_coefficients: Floats
    estimate: Floats
    residuals: Floats
    clusters: Grouping
    without_effects: Callable[[Floats], Floats] | None = None

    def null_scores(self, loadings: Floats, residuals: Floats) -> list[NullScores]:
        """Return the scores of residuals, (n_obs,), on each of the loadings, (n_obs, n_loadings)."""
        per_cluster = self.clusters.sums(self.basis * residuals[:, None])
        own = [self.clusters.sums(loading * residuals) for loading in loadings.T]
        scores = [np.diag(sums) for sums in own]
        if self.without_effects is not None:
            scores = list(self._rescored(loadings, residuals, self.without_effects))
        fitted = [self.clusters.sums(loading[:, None] * self.basis) @ per_cluster.T for loading in loadings.T]
        return [NullScores(sums, found - fit) for sums, found, fit in zip(own, scores, fitted, strict=True)]

    def _rescored(
        self, loadings: Floats, residuals: Floats, without_effects: Callable[[Floats], Floats]
    ) -> Floats:
        """Return the scores of what effects leave of each cluster's residuals alone.

        Returns
        -------
        (n_loadings, n_clusters, n_clusters), the second cluster's residuals on the first one's loading.
        """
        n_clusters = self.clusters.n_levels
        rescored = np.empty((loadings.shape[1], n_clusters, n_clusters))
        at_once = min(max(_MOST_NUMBERS // residuals.size, 1), _MOST_AT_ONCE)
        for start in range(0, n_clusters, at_once):
            chosen = np.arange(start, min(start + at_once, n_clusters))
            is_own = self.clusters.codes[:, None] == chosen
            pieces = without_effects(np.where(is_own, residuals[:, None], 0.0))
            for at, loading in enumerate(loadings.T):
                rescored[at][:, chosen] = self.clusters.sums(loading[:, None] * pieces)
        return rescored


def wild_cluster_inference(
    regression: ClusteredRegression, draws: WildClusters, *, factor: float, rng: Generator
) -> WildInference:
    """Return p-values and limits of the coefficients.

    A p-value is the share of draws whose statistic is at least as far from zero as the data's; the limits are
    the null values whose p-value is one less the level.

    Parameters
    ----------
    factor : small-sample factor of the clustered variance
    rng : draws the numbers, which all coefficients share

    Raises
    ------
    EstimationError
        Where a clustered standard error is zero.
    """
    weights = draws.of(regression.clusters.n_levels, rng=rng)
    loadings = regression.basis @ regression.to_coefficients.T
    levels = regression.null_scores(loadings, regression.residuals)
    found = []
    for at, (direction, level) in enumerate(zip(regression.to_coefficients, levels, strict=True)):
        loading = loadings[:, at]
        (slope,) = regression.null_scores(loading[:, None], loading / (direction @ direction))
        std_error = float(np.sqrt(factor * np.sum(level.own**2)))
        if std_error == 0.0:
            hint = marked("drop the rows or columns that make the fit perfect, or choose another covariance")
            raise EstimationError.at(
                "covariance", marked("the wild bootstrap needs residuals that are not all zero"), hint=hint
            )
        found.append(NullStatistics(float(regression.estimate[at]), std_error, level, slope, weights, factor))
    return WildInference(tuple(found))
