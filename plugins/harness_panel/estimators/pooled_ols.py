"""Pooled OLS on all rows alike, reported by ``linearmodels.panel.PooledOLS``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from harness import plugin
from harness.plugin import Floats, LadderEntry, LinearModel, Panel, Statistic, marked, row_weights
from harness_panel.covariance import Clustered, Covariance
from harness_panel.diagnostics.effects import Check, breusch_pagan, f_test_of_effects, unweighted
from harness_panel.diagnostics.pooled import heteroscedasticity, reset, spatial_tests, white
from harness_panel.estimators.linear import LINEAR, LinearEstimator, LinearFit
from harness_panel.library import LibraryData, LibraryModel
from harness_panel.solver.draws import regress_draws
from harness_panel.solver.regression import regress
from harness_panel.statistics import likelihood_statistics


@dataclass(frozen=True, eq=False, repr=False)
class PooledFit(LinearFit):
    """A fit by pooled OLS."""

    title: ClassVar[str] = marked("Pooled OLS")

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, its likelihood included."""
        return (*super().statistics(), *likelihood_statistics(self.regression, rss=self.reported.rss))

    def checks(self) -> Mapping[str, Check]:
        """Return tests for what pooling leaves out: effects, correlation over time and across entities."""
        regression = self.regression
        of_equal_rows: Mapping[str, Check] = {
            "breusch_pagan": partial(breusch_pagan, self.rows),
            "heteroscedasticity": partial(heteroscedasticity, regression),
            "white": partial(white, regression),
            "reset": partial(reset, regression),
            **spatial_tests(regression),
        }
        return {
            **super().checks(),
            "f_effects": partial(f_test_of_effects, self.rows, ("entity",), weights=regression.weights),
            **{
                name: unweighted(check, is_weighted=regression.is_weighted)
                for name, check in of_equal_rows.items()
            },
            **self.error_checks(),
        }


@dataclass(frozen=True)
class PooledOLS(LinearEstimator[PooledFit]):
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
    known_as: ClassVar[tuple[str, ...]] = ("ols", "pooled", "pols")
    linear_model: ClassVar[LinearModel | None] = "pooled"
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(100, "Pooled OLS", id="ols", is_drafted=True),)
    provides: ClassVar[frozenset[type]] = LINEAR

    covariance: Covariance = field(default_factory=Clustered)
    weighted: bool = False

    def _solve(self, panel: Panel) -> PooledFit:
        regression = regress(panel, (), weights=row_weights(panel, weighted=self.weighted))
        return PooledFit(panel, regression, regression.model())

    def _in_library(self, fit: PooledFit) -> tuple[LibraryModel, LibraryData]:
        weights = fit.regression.weights if self.weighted else None
        return LibraryModel("PooledOLS"), LibraryData(fit.rows, fit.regression, weights)

    def _solve_draws(self, panel: Panel, weights: Floats) -> plugin.AbsorbingModels:
        return regress_draws(panel, (), weights, row_weights=row_weights(panel, weighted=self.weighted))
