"""Bootstrap t statistics of a coefficient as functions of its null value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import EstimationError, Floats, Problem
from harness_fixest.effect_set import EffectSet
from harness_fixest.estimate import Estimate
from harness_fixest.independent_effects import is_nested
from harness_fixest.regression import Regression

_TIE = 1e-9
"""Statistics this close count as equal, such as those of a draw that changes no sign."""

_DOUBLINGS, _HALVINGS = 12, 40


@dataclass(frozen=True, eq=False)
class NullStatistics:
    """The t statistics of one coefficient, of the data and of draws, as functions of its null value.

    All is linear in the gap between estimate and null value, so that no draw is ever regressed again
    (MacKinnon, Nielsen & Webb 2023, section 5).

    Attributes
    ----------
    estimate, std_error : of the data
    shares : (2, n_clusters), a cluster's share of the numerator for unrestricted residuals, and what each
        unit of gap adds
    scores : (2, n_clusters, n_clusters), score of the first cluster in a draw's own regression per unit of
        the second one's weight, likewise
    weights : (n_draws, n_clusters)
    factor : small-sample factor of the variance
    """

    estimate: float
    std_error: float
    shares: Floats
    scores: Floats
    weights: Floats
    factor: float

    def of_draws(self, null: float) -> Floats:
        """Return the statistics of the draws under a null value, (n_draws,)."""
        gap = self.estimate - null
        numerator = self.weights @ (self.shares[0] + gap * self.shares[1])
        scores = self.weights @ (self.scores[0] + gap * self.scores[1]).T
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
class ClusterPieces:
    """Columns and residuals of a fit, each cut into its clusters, and what effects leave of the pieces.

    Attributes
    ----------
    products : (n_clusters, n_columns, n_columns + 1), of each cluster's columns with columns and residuals
    left : (n_columns, n_columns + 1, n_clusters, n_clusters), products of a column in the first cluster with
        what effects leave of a column or of the residuals of the second one alone
    """

    products: Floats
    left: Floats

    @classmethod
    def of(cls, regression: Regression, clusters: EffectSet, estimate: Estimate) -> ClusterPieces:
        """Return the pieces; effects within clusters leave them as they are."""
        basis = estimate.basis
        both = np.column_stack([basis, estimate.residuals])
        n_clusters, shape = clusters.n_levels, (basis.shape[1], both.shape[1])
        products = np.empty((n_clusters, *shape))
        for at in range(n_clusters):
            rows = np.flatnonzero(clusters.codes == at)
            products[at] = basis[rows].T @ both[rows]
        left = np.zeros((*shape, n_clusters, n_clusters))
        if all(is_nested(one, clusters) for one in regression.design.sets):
            for at in range(n_clusters):
                left[:, :, at, at] = products[at]
            return cls(products, left)
        root = np.sqrt(regression.design.weights)
        for second in range(n_clusters):
            is_own = clusters.codes == second
            for column in range(shape[1]):
                piece = root * regression.design.residuals(np.where(is_own, both[:, column] / root, 0.0))
                for row in range(shape[0]):
                    sums = np.bincount(clusters.codes, basis[:, row] * piece, n_clusters)
                    left[row, column, :, second] = sums
        return cls(products, left)

    def statistics(
        self, coefficient: int, estimate: Estimate, weights: Floats, *, factor: float
    ) -> NullStatistics:
        """Return the statistics of one coefficient.

        Raises
        ------
        EstimationError
            Where its standard error is zero.
        """
        whole = self.products[:, :, :-1].sum(axis=0)
        inverse = np.linalg.inv(whole)
        # The column less what the others explain of it, so that the outcome's slope on it is the coefficient.
        loading = inverse[coefficient]
        direction = loading / loading[coefficient]
        # Residuals under a null value: those of the fit, and for each unit of gap the column less the others.
        residuals = np.array([[*np.zeros(direction.size), 1.0], [*direction, 0.0]])
        residuals[1] /= estimate.units[coefficient]
        scale = estimate.units[coefficient]
        own = scale * np.einsum("k,gkl,rl->rg", loading, self.products, residuals)
        left = scale * np.einsum("k,klgh,rl->rgh", loading, self.left, residuals)
        per_cluster = np.einsum("gkl,rl->rgk", self.products, residuals)
        fitted = np.einsum("k,gkm,mn,rhn->rgh", loading, self.products[:, :, :-1], inverse, per_cluster)
        std_error = float(np.sqrt(factor * np.sum(own[0] ** 2)))
        if std_error == 0.0:
            raise EstimationError(Problem("covariance", "a wild bootstrap of errors that are zero"))
        return NullStatistics(
            estimate=float(estimate.slopes[coefficient]),
            std_error=std_error,
            shares=own,
            scores=left - scale * fitted,
            weights=weights,
            factor=factor,
        )
