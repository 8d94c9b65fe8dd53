"""Bootstrap t statistics of coefficients as functions of their null values, and what is read off them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats

_TIE = 1e-9
"""Statistics this close count as equal, such as those of a draw that changes no sign."""

_DOUBLINGS, _HALVINGS = 12, 40


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
    """P-values and limits of a wild cluster bootstrap; `statistics` has one element a coefficient."""

    statistics: tuple[NullStatistics, ...]

    def p_value(self) -> Floats:
        """Return p-values of zero coefficients, (n_coef,)."""
        return np.array([statistics.p_value(0.0) for statistics in self.statistics])

    def conf_int(self, level: float) -> Floats:
        """Return the null values that are just not rejected, (n_coef, 2); infinite where none is rejected."""
        return np.array(
            [[statistics.limit(level, side) for side in (-1.0, 1.0)] for statistics in self.statistics]
        )
