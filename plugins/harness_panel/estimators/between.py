"""Between: the means of entities, one row each. Reported by ``linearmodels.panel.BetweenOLS``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from harness.plugin import Floats, Grouping, LevelModels, Panel, stacked
from harness_panel.covariance.kinds import IndependentCovariance
from harness_panel.covariance.robust import Classical
from harness_panel.estimators.linear import LINEAR, LinearEstimator
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.drawn_rows import drawn_rows
from harness_panel.resampling.equation import Equation
from harness_panel.results.library import LibraryData, LibraryModel
from harness_panel.results.linear_fit import LinearFit


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

    def _solve_draws(self, panel: Panel, weights: Floats) -> LevelModels:
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
