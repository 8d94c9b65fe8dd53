"""First difference: what changes within entities from one period to the next.

Reported by ``linearmodels.panel.FirstDifferenceOLS``. Clusters that change between the two rows of a
difference, such as periods, it does not take; then ``PooledOLS`` reports on the differences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import (
    DrawSelection,
    EstimationError,
    Floats,
    HasEffects,
    Ints,
    Panel,
    Problem,
    effect_named,
    key_of,
    row_weights,
)
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance, clusters_of
from harness_panel.diagnostics.diagnostic import PendingTest
from harness_panel.diagnostics.residuals import pesaran, wooldridge
from harness_panel.estimators.linear import LINEAR, LinearEstimator
from harness_panel.resampling.absorb import Nothing
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.differences import (
    DifferenceModels,
    Pairs,
    adjacent_pairs,
    difference_models,
    differenced,
)
from harness_panel.resampling.regression import Regression, constant_of, regress, regress_through_origin
from harness_panel.resampling.within_fit import fit_within
from harness_panel.results.library import LibraryData, LibraryFit, LibraryReport, report_of
from harness_panel.results.linear_fit import EffectsFit
from harness_panel.results.statistics import squared_correlation


@dataclass(frozen=True, eq=False, repr=False)
class DifferenceFit(EffectsFit):
    """A fit by first differences.

    Attributes
    ----------
    levels : predicts, the trend included
    """

    title: ClassVar[str] = "First differences"

    levels: DifferenceModels

    @property
    def predictor(self) -> DifferenceModels:
        """What predicts; one draw."""
        return self.levels

    def level(self) -> None:
        """Return None, since a constant of differences is a trend and no level."""
        return

    def r2(self) -> float:
        """Return the squared correlation of outcome and fitted values of differences, in [0, 1]."""
        return squared_correlation(self.regression)

    def checks(self) -> tuple[PendingTest, ...]:
        """Return tests of correlation over time, and across entities in differences."""
        differences = self.regression
        return (
            *super().checks(),
            PendingTest("serial_correlation", lambda: wooldridge(self.rows)),
            PendingTest(
                "cross_section_dependence",
                lambda: pesaran(differences.panel, differences.within.residuals),
            ),
        )


@dataclass(frozen=True)
class FirstDifference(LinearEstimator):
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
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    constant: bool = False
    covariance: Covariance = field(default_factory=Clustered)
    weighted: bool = False

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,  # noqa: ARG002 - least squares chooses nothing
    ) -> DifferenceFit:
        """Fit on all adjacent rows of a panel.

        Raises
        ------
        EstimationError
            As by `PooledOLS`, the rows being differences, and where there are none.
        """
        pairs, rows = adjacent_pairs(panel), row_weights(panel, weighted=self.weighted)
        changes, weights = differenced(panel, pairs), pairs.weights(rows) if self.weighted else None
        centring = Centring.at_zero(panel)
        if self.constant:
            regression = regress(changes, (), weights=weights, centring=centring)
        else:
            regression = regress_through_origin(changes, weights=weights, centring=centring)
        report = self._report(panel, pairs, regression, rows, rng=rng)
        trend = regression.within.level_at(np.zeros(panel.X.shape[1]))
        slopes, everyone = regression.within.slopes[None], np.ones((1, panel.n_obs))
        models = difference_models(panel, slopes, np.array([trend]), everyone, row_weights=rows)
        return DifferenceFit(panel, regression, models.model, report, models)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> DifferenceModels:
        """Fit once a draw; weights is (n_draws, n_obs), >= 0.

        A difference counts as often as the less frequent of its two rows.

        Raises
        ------
        EstimationError
            Where a draw holds no difference.
        """
        pairs = adjacent_pairs(panel)
        changes = differenced(panel, pairs)
        rows = row_weights(panel, weighted=self.weighted)
        counts = np.minimum(weights[:, pairs.later], weights[:, pairs.earlier]) * pairs.weights(rows)
        if not counts.any(axis=1).all():
            raise EstimationError(Problem("draws", "a draw has no two adjacent rows", hint="draw entities"))
        absorber = constant_of(changes.n_obs) if self.constant else Nothing()
        largest = Centring.at_zero(panel).largest
        fits = [fit_within(changes.X, changes.observed, draw, absorber, largest=largest) for draw in counts]
        slopes = np.stack([fit.slopes for fit in fits])
        trends = np.array([fit.level_at(np.zeros(fit.centre.size)) for fit in fits])
        return difference_models(panel, slopes, trends, weights, row_weights=rows)

    def _report(
        self, panel: Panel, pairs: Pairs, regression: Regression, rows: Floats, *, rng: Generator
    ) -> LibraryReport | None:
        if self.predicts_alone:
            return None
        codes = [key_of(panel, effect_named(name)).codes for name in clusters_of(self.covariance)]
        if any(np.any(own[pairs.later] != own[pairs.earlier]) for own in codes):
            data = of_differences(regression)
            return report_of("linearmodels PooledOLS", pooled_library, data, self.covariance, rng=rng)
        data = _of_levels(panel, regression, rows if self.weighted else None)
        return report_of("linearmodels FirstDifferenceOLS", _library, data, self.covariance, rng=rng)


def of_differences(regression: Regression) -> LibraryData:
    """Return the differences themselves, for a library that takes rows as they are."""
    within, changes = regression.within, regression.panel
    return LibraryData(
        changes,
        regression,
        centre=within.centre[list(within.screening.kept)],
        outcome_centre=within.intercept,
        row_weights=regression.weights if regression.is_weighted else None,
        leading=np.ones(changes.n_obs) if regression.has_constant else None,
    )


def _of_levels(panel: Panel, regression: Regression, row_weights: Floats | None) -> LibraryData:
    """Return rows in levels, each run of adjacent periods an entity, so that gaps give no difference.

    A constant of differences is the slope of a trend.
    """
    within = regression.within
    return LibraryData(
        Centring.at_means(panel).taken_from(panel),
        regression,
        centre=within.centre[list(within.screening.kept)],
        outcome_centre=within.intercept,
        row_weights=row_weights,
        leading=panel.period - panel.period.mean() if regression.has_constant else None,
        runs=_runs(panel),
    )


def _runs(panel: Panel) -> Ints:
    """Return which run of adjacent periods of an entity each row is in, (n_obs,)."""
    order = np.lexsort((panel.period, panel.entity.codes))
    starts = (np.diff(panel.entity.codes[order]) != 0) | (np.diff(panel.period[order]) != 1)
    runs = np.empty(panel.n_obs, dtype=np.int64)
    runs[order] = np.concatenate([[0], np.cumsum(starts)])
    return runs


def _library(data: LibraryData) -> LibraryFit:
    from linearmodels.panel import FirstDifferenceOLS as Library

    return Library(data.outcome, data.columns, weights=data.weights, check_rank=False).fit


def pooled_library(data: LibraryData) -> LibraryFit:
    """Return the fit of differences by ``linearmodels.panel.PooledOLS``."""
    from linearmodels.panel import PooledOLS as Library

    return Library(data.outcome, data.columns, weights=data.weights, check_rank=False).fit
