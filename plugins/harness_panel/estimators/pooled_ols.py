"""Pooled OLS: all rows alike. Reported by ``linearmodels.panel.PooledOLS``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import DrawSelection, Floats, Panel, Rung, row_weights
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.diagnostics.diagnostic import PendingTest, unweighted
from harness_panel.diagnostics.effects import breusch_pagan, f_test_of_effects
from harness_panel.diagnostics.residuals import pesaran, wooldridge
from harness_panel.estimators.linear import LINEAR, LinearEstimator
from harness_panel.resampling.levels import LevelModels
from harness_panel.resampling.regression import Regression, regress, regress_draws
from harness_panel.results.library import LibraryData, LibraryFit, LibraryReport, report_of
from harness_panel.results.linear_fit import LinearFit
from harness_panel.results.statistics import Statistic, likelihood_statistics


@dataclass(frozen=True, eq=False, repr=False)
class PooledFit(LinearFit):
    """A fit by pooled OLS."""

    title: ClassVar[str] = "Pooled OLS"

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, its likelihood included."""
        return (*super().statistics(), *likelihood_statistics(self.regression, rss=self.reported.rss))

    def checks(self) -> tuple[PendingTest, ...]:
        """Return tests for what pooling leaves out: effects, correlation over time and across entities."""
        residuals, weights = self.regression.within.residuals, self.regression.weights
        lagrange = PendingTest("breusch_pagan", lambda: breusch_pagan(self.rows))
        return (
            *super().checks(),
            PendingTest("f_effects", lambda: f_test_of_effects(self.rows, ("entity",), weights=weights)),
            unweighted(lagrange, is_weighted=self.regression.is_weighted),
            PendingTest("serial_correlation", lambda: wooldridge(self.rows)),
            PendingTest("cross_section_dependence", lambda: pesaran(self.rows, residuals)),
        )


@dataclass(frozen=True)
class PooledOLS(LinearEstimator):
    """Least squares on the panel's columns and a constant, which is reported first as ``const``.

    Predictions are x b. Controls and moderators that are constant or collinear with columns before them are
    dropped and noted, controls before moderators; a copy of the exposure is dropped, an exposure that several
    other columns determine is refused.

    Attributes
    ----------
    covariance : clustered by entity unless another is asked for
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to
    """

    name: ClassVar[str] = "pooled_ols"
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(100, "Pooled OLS", id="ols"),)
    provides: ClassVar[frozenset[type]] = LINEAR

    covariance: Covariance = field(default_factory=Clustered)
    weighted: bool = False

    def fit(
        self,
        panel: Panel,
        *,
        rng: Generator,
        selection: Panel | None = None,  # noqa: ARG002 - least squares chooses nothing
    ) -> PooledFit:
        """Fit on all rows of a panel.

        Raises
        ------
        EstimationError
            Where the outcome does not vary, rows are too few, or the exposure is constant or determined by
            other columns; where weights are asked for that the panel lacks.
        """
        weights = row_weights(panel, weighted=self.weighted)
        regression = regress(panel, (), weights=weights)
        report = None if self.predicts_alone else self._report(panel, regression, rng=rng)
        return PooledFit(panel, regression, regression.model(), report)

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - and draws nothing
    ) -> LevelModels:
        """Fit by weighted least squares once a draw; weights is (n_draws, n_obs), >= 0.

        They multiply the weights of the rows, if these have any. A column that a draw cannot tell apart has
        slope zero in that draw.
        """
        own = row_weights(panel, weighted=self.weighted)
        return regress_draws(panel, (), weights, row_weights=own)

    def _report(self, panel: Panel, regression: Regression, *, rng: Generator) -> LibraryReport:
        data = LibraryData.centred(
            panel,
            regression,
            row_weights=regression.weights if self.weighted else None,
            leading=np.ones(panel.n_obs),
        )
        return report_of("linearmodels PooledOLS", _library, data, self.covariance, rng=rng)


def _library(data: LibraryData) -> LibraryFit:
    from linearmodels.panel import PooledOLS as Library

    return Library(data.outcome, data.columns, weights=data.weights, check_rank=False).fit
