"""First difference: what changes within entities from one period to the next.

Reported by ``linearmodels.panel.FirstDifferenceOLS``. Clusters that change between the two rows of a
difference, such as periods, it does not take; then ``PooledOLS`` reports on the differences.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from harness.plugin import (
    EstimationError,
    Floats,
    HasEffects,
    Panel,
    Problem,
    effect_named,
    key_of,
    row_weights,
)
from harness_panel.covariance import Covariance, clusters_of
from harness_panel.covariance.clustered import Clustered
from harness_panel.diagnostics.diagnostic import Check
from harness_panel.estimators.linear import LINEAR, EffectsFit, LinearEstimator
from harness_panel.results.library import LibraryData, LibraryModel
from harness_panel.results.statistics import squared_correlation
from harness_panel.solver.absorb import Absorber
from harness_panel.solver.differences import Pairs, adjacent_pairs, difference_models, differenced
from harness_panel.solver.equation import Centring, Equation, ExpandedModels


@dataclass(frozen=True, eq=False, repr=False)
class DifferenceFit(EffectsFit):
    """A fit by first differences.

    Attributes
    ----------
    levels : predicts, the trend included
    """

    title: ClassVar[str] = "First differences"

    levels: ExpandedModels = field(kw_only=True)

    @property
    def predictor(self) -> ExpandedModels:
        """What predicts; one draw."""
        return self.levels

    def level(self) -> None:
        """Return None, since a constant of differences is a trend and no level."""
        return

    def r2(self) -> float:
        """Return the squared correlation of outcome and fitted values of differences, in [0, 1]."""
        return squared_correlation(self.regression)

    def checks(self) -> Mapping[str, Check]:
        """Return tests of correlation over time, and across entities in differences."""
        return {**super().checks(), **self.error_checks()}


@dataclass(frozen=True)
class FirstDifference(LinearEstimator[DifferenceFit]):
    """Least squares on differences between adjacent periods of an entity.

    A row counts if its entity has a row one period before; a gap in time gives no difference (plm instead
    differences adjacent rows, whatever lies between them). Predictions are in levels: x b, plus a constant's
    trend, plus the mean of what these leave of the entity's outcome. An entity that no training row has gets
    the mean of it over all training rows; `n_unseen` of the fit counts its rows. Controls and moderators that
    do not change are dropped and noted.

    Attributes
    ----------
    constant : whether the differences have a constant, which is a trend common to all entities
    covariance : clustered by entity unless another is asked for
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to; the variance of a difference is the sum of that of its two rows
    """

    name: ClassVar[str] = "first_difference"
    known_as: ClassVar[tuple[str, ...]] = ("fd", "first_differences")
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    constant: bool = False
    covariance: Covariance = field(default_factory=Clustered)
    weighted: bool = False

    def _solve(self, panel: Panel) -> DifferenceFit:
        pairs, rows = adjacent_pairs(panel), row_weights(panel, weighted=self.weighted)
        weights = pairs.weights(rows) if self.weighted else np.ones(pairs.later.size)
        regression = self._equation(panel, pairs, weights).regression()
        trend = regression.within.level_at(np.zeros(panel.X.shape[1]))
        slopes, everyone = regression.within.slopes[None], np.ones((1, panel.n_obs))
        levels = difference_models(panel, slopes, np.array([trend]), everyone, row_weights=rows)
        return DifferenceFit(panel, regression, levels.draws, levels=levels)

    def _in_library(self, fit: DifferenceFit) -> tuple[LibraryModel, LibraryData]:
        panel, regression, pairs = fit.rows, fit.regression, adjacent_pairs(fit.rows)
        codes = [key_of(panel, effect_named(name)).codes for name in clusters_of(self.covariance)]
        if any(np.any(own[pairs.later] != own[pairs.earlier]) for own in codes):
            weights = regression.weights if self.weighted else None
            return DIFFERENCES, LibraryData(regression.panel, regression, weights)
        # A constant of differences is the slope of a trend.
        data = LibraryData(
            Centring.at_means(panel)[0],
            regression,
            row_weights(panel, weighted=True) if self.weighted else None,
            trend=panel.period - panel.period.mean(),
            runs=pairs.runs,
        )
        return LibraryModel("FirstDifferenceOLS"), data

    def _solve_draws(self, panel: Panel, weights: Floats) -> ExpandedModels:
        pairs, rows = adjacent_pairs(panel), row_weights(panel, weighted=self.weighted)
        counts = np.minimum(weights[:, pairs.later], weights[:, pairs.earlier]) * pairs.weights(rows)
        if not counts.any(axis=1).all():
            raise EstimationError(Problem("draws", "a draw has no two adjacent rows", hint="draw entities"))
        equation = self._equation(panel, pairs, counts[0])
        fits = [replace(equation, weights=draw).fit() for draw in counts]
        slopes = np.stack([fit.slopes for fit in fits])
        trends = np.array([fit.level_at(np.zeros(fit.centre.size)) for fit in fits])
        return difference_models(panel, slopes, trends, weights, row_weights=rows)

    def _equation(self, panel: Panel, pairs: Pairs, weights: Floats) -> Equation:
        absorber = Absorber.constant(pairs.later.size) if self.constant else Absorber(())
        return Equation(differenced(panel, pairs), Centring.at_zero(panel), absorber, weights)


DIFFERENCES = LibraryModel("PooledOLS")
"""Reports on the differences themselves."""
