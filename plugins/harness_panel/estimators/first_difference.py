"""First difference: what changes within entities from one period to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import (
    CanFitDraws,
    CanProfile,
    EstimationError,
    Floats,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    Panel,
    Problem,
)
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.resampling.absorb import Absorber, Nothing, OneWay
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.difference_models import DifferenceFit, DifferenceModels, difference_models
from harness_panel.resampling.differences import adjacent_pairs, differenced
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.regression import regress, regress_through_origin
from harness_panel.resampling.weighting import row_weights
from harness_panel.resampling.within_fit import fit_within
from harness_panel.results.tabulate import tabulate


@dataclass(frozen=True)
class FirstDifference:
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
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitDraws, CanProfile, HasCoefficients, HasDetails, HasEffects, HasNotes}
    )

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
        table = tabulate(regression, self.covariance, rng=rng)
        trend = regression.within.level_at(np.zeros(panel.X.shape[1]))
        models = difference_models(panel, regression.within.slopes[None], np.array([trend]), rows[None])
        return DifferenceFit(panel, regression, models.model, table, models)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: Floats | None,  # noqa: ARG002 - least squares chooses nothing
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
        absorber: Absorber = Nothing()
        if self.constant:
            absorber = OneWay(Grouping.of(np.zeros(changes.n_obs, dtype=np.int64)))
        largest = Centring.at_zero(panel).largest
        fits = [fit_within(changes.X, changes.observed, draw, absorber, largest=largest) for draw in counts]
        slopes = np.stack([one.slopes for one in fits])
        trends = np.array([one.level_at(np.zeros(one.centre.size)) for one in fits])
        return difference_models(panel, slopes, trends, weights * rows)
