"""Bootstrap t statistics of a coefficient as functions of its null value.

Notation of MacKinnon, Nielsen & Webb 2023, "Fast and reliable jackknife and bootstrap methods for
cluster-robust inference", with regressors in an orthonormal basis Q, so that the coefficient is ``a'q``,
q the coordinates. Under the null value r the restricted residuals are ``u + (b - r) Q a / a'a``: all that
a draw needs is linear in r, so no draw is ever regressed again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_panel.covariance.scores import Scores
from harness_panel.resampling.absorb import without_effects
from harness_panel.resampling.grouping import Grouping

_TIE = 1e-9
"""Statistics this close count as equal, such as those of a draw that changes no sign."""

_DOUBLINGS = 12
_HALVINGS = 40
_CHUNK = 64
"""Clusters whose residuals are projected at once."""


@dataclass(frozen=True, eq=False)
class NullScores:
    """What one set of restricted residuals adds to the scores of a draw.

    Attributes
    ----------
    own : (n_clusters,), each cluster's share of the numerator
    left : (n_clusters, n_clusters), score of the row's cluster, after the draw is regressed anew, per unit of
        the column's cluster's weight
    """

    own: Floats
    left: Floats


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
        scores = self.weights @ (self.level.left + gap * self.slope.left).T
        variance = self.factor * np.sum(scores**2, axis=1)
        statistics: Floats = np.divide(
            numerator, np.sqrt(variance), out=np.zeros_like(numerator), where=variance > 0
        )
        return statistics

    def p_value(self, null: float) -> float:
        """Return the share of draws at least as far from zero as the data's statistic."""
        own = abs(self.estimate - null) / self.std_error
        return float(np.mean(np.abs(self.of_draws(null)) >= own * (1.0 - _TIE)))

    def limit(self, level: float, side: float) -> float:
        """Return the null value above (side 1) or below (side -1) the estimate where p falls to 1 - level.

        Infinite where no null value is rejected, as with too few clusters to reject anything.
        """
        inside, outside = 0.0, 1.0
        for _ in range(_DOUBLINGS):
            if self._p_at(outside, side) <= 1.0 - level:
                break
            inside, outside = outside, 2.0 * outside
        else:
            return side * np.inf
        for _ in range(_HALVINGS):
            middle = 0.5 * (inside + outside)
            if self._p_at(middle, side) <= 1.0 - level:
                outside = middle
            else:
                inside = middle
        return self.estimate + side * outside * self.std_error

    def _p_at(self, distance: float, side: float) -> float:
        return self.p_value(self.estimate + side * distance * self.std_error)


def null_statistics(
    scores: Scores, clusters: Grouping, *, coefficient: int, estimate: float, weights: Floats, factor: float
) -> NullStatistics:
    """Return the statistics of one coefficient.

    Parameters
    ----------
    coefficient : position
    weights : (n_draws, n_clusters)
    factor : small-sample factor of the clustered variance
    """
    direction = scores.to_coefficients[coefficient]
    loading = scores.basis @ direction
    level = _null_scores(scores, clusters, loading, scores.residuals)
    slope = _null_scores(scores, clusters, loading, loading / (direction @ direction))
    std_error = float(np.sqrt(factor * np.sum(level.own**2)))
    return NullStatistics(estimate, std_error, level, slope, weights, factor)


def _null_scores(scores: Scores, clusters: Grouping, loading: Floats, residuals: Floats) -> NullScores:
    """Return the scores of residuals, (n_obs,), on a loading, (n_obs,)."""
    own = clusters.sums(loading * residuals)
    fitted = (
        clusters.sums(loading[:, None] * scores.basis) @ clusters.sums(scores.basis * residuals[:, None]).T
    )
    if scores.absorber is None:
        return NullScores(own, np.diag(own) - fitted)
    root = np.sqrt(scores.weights)
    plain, weighted_loading = residuals / root, loading * root
    parts = []
    for start in range(0, clusters.n_levels, _CHUNK):
        chosen = np.arange(start, min(start + _CHUNK, clusters.n_levels))
        spread = np.where(clusters.codes[:, None] == chosen, plain[:, None], 0.0)
        left = without_effects(scores.absorber, spread, scores.weights)
        parts.append(clusters.sums(weighted_loading[:, None] * left))
    return NullScores(own, np.hstack(parts) - fitted)
