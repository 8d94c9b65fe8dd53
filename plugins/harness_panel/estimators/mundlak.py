"""Mundlak: random effects that are correlated with the columns through their entity means.

Reported by ``linearmodels.panel.PooledOLS`` on quasi-demeaned columns and their entity means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness.plugin import Floats, HasEffects, Panel, Rung
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.diagnostics.diagnostic import Check
from harness_panel.diagnostics.specification import means_test
from harness_panel.estimators.linear import LINEAR, LinearEstimator
from harness_panel.estimators.random_effects import RandomEffectsFit, reported_correlated
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.drawn_rows import drawn_rows, level_rows
from harness_panel.resampling.entity_means import EntityMeans, varying_columns
from harness_panel.resampling.expanded import ExpandedModels, OneByOne
from harness_panel.resampling.random_equation import RandomEquation, random_equation
from harness_panel.resampling.variance_components import VarianceComponents
from harness_panel.results.library import LibraryData, LibraryModel


@dataclass(frozen=True, eq=False, repr=False)
class MundlakFit(RandomEffectsFit):
    """A fit by correlated random effects.

    Attributes
    ----------
    means : of the entities
    """

    title: ClassVar[str] = "Correlated random effects"

    means: EntityMeans = field(kw_only=True)

    @property
    def predictor(self) -> ExpandedModels:
        """What predicts; one draw."""
        return ExpandedModels(self.means, self.model)

    def variances(self) -> VarianceComponents:
        """Return the variances of the error that the rows are quasi-demeaned by."""
        return self.equation.components

    def checks(self) -> Mapping[str, Check]:
        """Return tests of random effects by the fit's own entity means, and those of its residuals."""
        return {
            "slopes": self.test_slopes,
            "mundlak": partial(means_test, self.table),
            "cross_section_dependence": self.error_checks()["cross_section_dependence"],
        }


@dataclass(frozen=True)
class Mundlak(LinearEstimator[MundlakFit]):
    """Correlated random effects: random effects with the entity means of all time-varying columns added.

    The slopes of time-varying columns are those of fixed effects (Mundlak 1978; on unbalanced panels,
    Wooldridge 2019), columns that never vary keep a slope, and the slopes of the means say how entities
    differ: all zero if random effects hold. Means have the suffix ``(entity mean)`` in the table.

    Predictions are x b, plus the means times their slopes, plus the predicted effect of the entity. An
    entity of the training rows, or of the rows to select on, keeps the means it has there, so that a
    counterfactual column changes predictions by its slope alone. An entity of neither has the means of its
    rows to predict, and no effect beyond them; `n_unseen` counts entities without training rows.

    Attributes
    ----------
    covariance : clustered by entity unless another is asked for
    """

    name: ClassVar[str] = "mundlak"
    known_as: ClassVar[tuple[str, ...]] = ("cre", "correlated_random_effects")
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(140, "Correlated random effects"),)
    provides: ClassVar[frozenset[type]] = LINEAR | {HasEffects}

    covariance: Covariance = field(default_factory=Clustered)

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> MundlakFit:
        """Fit on all rows of a panel; rows to select on only tell the means of further entities.

        Raises
        ------
        EstimationError
            As by `RandomEffects`.
        """
        fit = super().fit(panel, rng=rng)
        return fit if selection is None else replace(fit, means=fit.means.knowing(selection))

    def _solve(self, panel: Panel) -> MundlakFit:
        columns = varying_columns(panel)
        equation = random_equation(panel, columns)
        regression = equation.regression()
        return MundlakFit(
            equation.centring.put_back(equation.bare),
            regression,
            equation.random_model(regression.within, equation.bare),
            equation=equation,
            means=EntityMeans.of(panel, columns),
        )

    def _in_library(self, fit: MundlakFit) -> tuple[LibraryModel, LibraryData]:
        return reported_correlated(fit.equation, fit.regression)

    def _solve_draws(self, panel: Panel, weights: Floats) -> OneByOne:
        columns = varying_columns(panel.take(np.flatnonzero(weights.any(axis=0))))
        (bare, centring), models = Centring.at_means(panel), []
        for draw in weights:
            equation = RandomEquation.of(drawn_rows(bare, draw), centring, columns)
            rows = level_rows(bare, draw)
            means = EntityMeans.of(rows, columns)
            model = equation.random_model(equation.fit(), means.expand(rows))
            models.append(ExpandedModels(means.moved(centring.columns[columns]), model))
        return OneByOne(models)
