"""The wild cluster bootstrap: inference where clusters are few."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness import EstimationError, Floats, Problem
from harness_fixest.covariance import CRV1, Estimated, read_clusters, refuse_many
from harness_fixest.effect_set import EffectSet
from harness_fixest.independent_effects import is_nested
from harness_fixest.regression import Estimate, Regression

_TIE = 1e-9
"""Statistics this close count as equal, such as those of a draw that changes no sign."""

_DOUBLINGS, _HALVINGS = 12, 40
_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))


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
        return np.divide(numerator, spread, out=np.zeros_like(numerator), where=spread > 0.0)

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
        return np.array([one.p_value(0.0) for one in self.statistics])

    def conf_int(self, level: float) -> Floats:
        """Return the null values that are just not rejected, (n_coef, 2); infinite where none is rejected."""
        return np.array([[one.limit(level, -1.0), one.limit(level, 1.0)] for one in self.statistics])


@dataclass(frozen=True)
class WildCluster:
    """Clustered errors whose p-values and limits come from a wild cluster bootstrap with the null imposed.

    Each draw multiplies the restricted residuals of a whole cluster by one random number and computes the
    t statistic anew, effects included (WCR of Cameron, Gelbach & Miller 2008). A p-value is the share of draws
    whose statistic is at least as far from zero as the data's; the limits are the null values whose p-value is
    one less the level. Standard errors are those of ``crv1``.

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

    def estimate(self, regression: Regression, *, rng: Generator) -> Estimated:
        """Return estimates with their table.

        Raises
        ------
        EstimationError
            Where there are fewer than two clusters, or more than the bootstrap is meant for.
        """
        clusters = read_clusters(regression, self.by)
        refuse_many(clusters, what="a wild bootstrap solves for effects once for each column and cluster")
        clustered = CRV1(by=(self.by,)).estimate(regression, rng=rng)
        estimate, table = clustered.estimate, clustered.table
        weights = self._draw(clusters.n_levels, rng)
        spread = _Spread.of(regression, clusters, estimate)
        inference = WildInference(
            tuple(
                spread.statistics(at, estimate, weights, factor=table.correction.factor)
                for at in range(estimate.kept.size)
            )
        )
        how = f"wild cluster bootstrap by {self.by}, {len(weights)} {self.weights} draws"
        correction = replace(table.correction, kind=how)
        return Estimated(estimate, replace(table, correction=correction, inference=inference))

    def _draw(self, n_clusters: int, rng: Generator) -> Floats:
        """Return numbers of mean zero and variance one, (n_draws, n_clusters); Webb's are of his 2023 paper."""
        if self.weights == "rademacher" and n_clusters < 63 and 2**n_clusters <= self.draws:
            bits = (np.arange(2**n_clusters)[:, None] >> np.arange(n_clusters)) & 1
            return np.where(bits == 1, 1.0, -1.0)
        points = np.array([-1.0, 1.0]) if self.weights == "rademacher" else np.concatenate([-_WEBB, _WEBB])
        return rng.choice(points, size=(self.draws, n_clusters))


@dataclass(frozen=True, eq=False)
class _Spread:
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
    def of(cls, regression: Regression, clusters: EffectSet, estimate: Estimate) -> _Spread:
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
        # The column less what the others explain of it, in units in which it has the coefficient as its slope.
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
