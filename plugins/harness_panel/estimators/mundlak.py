"""Mundlak: random effects that are correlated with the columns through their entity means.

Reported by ``linearmodels.panel.RandomEffects`` on the columns and their entity means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness import DrawSelection, Floats, HasEffects, Ints, Panel, Rung
from harness_panel.covariance.clustered import Clustered
from harness_panel.covariance.kinds import Covariance
from harness_panel.diagnostics.diagnostic import PendingTest
from harness_panel.diagnostics.residuals import pesaran
from harness_panel.diagnostics.specification import means_test
from harness_panel.estimators.linear import LINEAR, LinearEstimator
from harness_panel.estimators.random_effects import RandomEffectsFit, random_report
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.mundlak_models import (
    MundlakModels,
    correlated_equation,
    mundlak_models,
    stack_mundlak,
    varying_columns,
    with_means,
)
from harness_panel.resampling.random_equation import centred_equation


@dataclass(frozen=True, eq=False, repr=False)
class MundlakFit(RandomEffectsFit):
    """A fit by correlated random effects.

    Attributes
    ----------
    levels : predicts
    """

    title: ClassVar[str] = "Correlated random effects"

    levels: MundlakModels

    @property
    def predictor(self) -> MundlakModels:
        """What predicts; one draw."""
        return self.levels

    def checks(self) -> tuple[PendingTest, ...]:
        """Return tests of random effects by the fit's own entity means, and those of its residuals."""
        residuals = self.regression.within.residuals
        return (
            PendingTest("slopes", self.test_slopes),
            PendingTest("mundlak", lambda: means_test(self.table)),
            PendingTest("cross_section_dependence", lambda: pesaran(self.rows, residuals)),
        )


@dataclass(frozen=True)
class Mundlak(LinearEstimator):
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
        correlated = correlated_equation(panel)
        columns, equation, extended = correlated.columns, correlated.equation, correlated.panel
        regression, centre = equation.regression(), equation.centring.columns
        model = equation.model(extended, regression.within, centre=centre)
        levels = mundlak_models(model, columns, means=correlated.means)
        report = None
        if not self.predicts_alone:
            report = random_report(
                correlated.bare, regression, self.covariance, rng=rng, levels=equation.centring
            )
        return MundlakFit(
            rows=extended,
            regression=regression,
            model=model,
            report=report,
            components=equation.components,
            levels=levels if selection is None else levels.knowing(selection),
        )

    def fit_draws(
        self,
        panel: Panel,
        *,
        weights: Floats,
        selection: DrawSelection,  # noqa: ARG002 - least squares chooses nothing
        rng: Generator,  # noqa: ARG002 - least squares draws nothing
    ) -> MundlakModels:
        """Fit once a draw, means and variances included; weights is (n_draws, n_obs), >= 0.

        An entity drawn k times with all its rows counts as k entities. One that a draw leaves out has the
        means and the level of all its rows.
        """
        columns = varying_columns(panel.take(np.flatnonzero(weights.any(axis=0))))
        centring = Centring.at_means(panel)
        bare = centring.taken_from(panel)
        return stack_mundlak([_draw(bare, centring, columns, draw) for draw in weights])


def _draw(panel: Panel, centring: Centring, columns: Ints, weights: Floats) -> MundlakModels:
    rows = EntityRows.drawn(panel, weights)
    means = rows.with_left_out().means(panel.X[:, columns])
    extended, levels = with_means(panel, columns, means[rows.grouping.codes]), centring.with_means(columns)
    equation = centred_equation(extended, rows, levels)
    model = equation.model(levels.put_back(extended), equation.fit(), centre=levels.columns)
    return mundlak_models(model, columns, means=means)
