"""Pooled OLS on all rows alike, and between: on the means of entities. Reported by linearmodels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np

from harness.plugin import (
    AbsorbingModels,
    Floats,
    Grouping,
    LadderEntry,
    LinearModel,
    Panel,
    Statistic,
    row_weights,
    stacked,
)
from harness_panel.covariance import Covariance, IndependentCovariance
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.independent import Classical
from harness_panel.diagnostics.diagnostic import Check, unweighted
from harness_panel.diagnostics.effects import breusch_pagan, f_test_of_effects
from harness_panel.diagnostics.pooled import heteroscedasticity, reset, white
from harness_panel.diagnostics.spatial import spatial_tests
from harness_panel.estimators.linear import LINEAR, LinearEstimator, LinearFit
from harness_panel.results.library import LibraryData, LibraryModel
from harness_panel.results.statistics import likelihood_statistics
from harness_panel.solver.absorb import Absorber
from harness_panel.solver.draws import regress_draws
from harness_panel.solver.equation import Centring, Equation
from harness_panel.solver.random_equation import drawn_rows
from harness_panel.solver.regression import regress


@dataclass(frozen=True, eq=False, repr=False)
class PooledFit(LinearFit):
    """A fit by pooled OLS."""

    title: ClassVar[str] = "Pooled OLS"

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

    def _solve_draws(self, panel: Panel, weights: Floats) -> AbsorbingModels:
        return regress_draws(panel, (), weights, row_weights=row_weights(panel, weighted=self.weighted))


@dataclass(frozen=True, eq=False, repr=False)
class BetweenFit(LinearFit):
    """A fit of the means of entities."""

    title: ClassVar[str] = "Between"


@dataclass(frozen=True)
class Between(LinearEstimator[BetweenFit]):
    """Least squares on the means of entities and a constant, reported first as ``const``.

    Every entity counts once, whatever its number of rows, as in plm. Predictions are x b of the row itself,
    not of its entity's mean. Dropped and refused columns are those of `PooledOLS`, told by the means.

    Attributes
    ----------
    covariance : classical unless robust is asked for; no key groups the means, so there is no other
    """

    name: ClassVar[str] = "between"
    provides: ClassVar[frozenset[type]] = LINEAR

    covariance: IndependentCovariance = field(default_factory=Classical)

    def __post_init__(self) -> None:
        if self.covariance.use not in ("classical", "robust"):
            message = f"covariance: classical or robust; found {self.covariance.use}"
            raise ValueError(message)

    def _solve(self, panel: Panel) -> BetweenFit:
        regression = _equation(*Centring.at_means(panel)).regression()
        return BetweenFit(panel, regression, regression.model())

    def _in_library(self, fit: BetweenFit) -> tuple[LibraryModel, LibraryData]:
        return LibraryModel("BetweenOLS"), LibraryData(fit.rows, fit.regression)

    def _solve_draws(self, panel: Panel, weights: Floats) -> AbsorbingModels:
        bare, centring = Centring.at_means(panel)
        equations = (_equation(drawn_rows(bare, draw), centring) for draw in weights)
        return stacked([equation.model(equation.fit()) for equation in equations])


def _equation(bare: Panel, centring: Centring) -> Equation:
    """Return the regression of means of rows without their levels, each in its entity's first period."""
    entities = Grouping.of(bare.entity.codes)
    means = entities.means(np.column_stack([bare.X, bare.observed]))
    firsts = bare.take(np.unique(entities.codes, return_index=True)[1])
    averaged = replace(firsts, X=means[:, :-1], observed=means[:, -1], derived=())
    return Equation(averaged, centring, Absorber.constant(len(means)), np.ones(len(means)))
