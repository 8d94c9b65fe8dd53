"""The equation that random effects are estimated by, and the models it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, LevelEffects, Panel
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.levels import LevelModels
from harness_panel.resampling.regression import Regression, constant_of, regress
from harness_panel.resampling.variance_components import (
    VarianceComponents,
    gls_weights,
    predicted_effects,
    quasi_demeaned,
    variance_components,
)
from harness_panel.resampling.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class RandomEquation:
    """A weighted regression on a constant and quasi-demeaned columns.

    Attributes
    ----------
    rows : by entity
    components : variances of the error and what they take out of entity means
    panel : rows with quasi-demeaned columns and outcome, without their levels
    weights : (n_obs,)
    centring : the levels
    """

    rows: EntityRows
    components: VarianceComponents
    panel: Panel
    weights: Floats
    centring: Centring

    def regression(self) -> Regression:
        """Return the regression.

        Raises
        ------
        EstimationError
            As by `regress`.
        """
        return regress(self.panel, (), weights=self.weights, centring=self.centring)

    def fit(self) -> WithinFit:
        """Return the regression, unjudged."""
        constant = constant_of(self.panel.n_obs)
        fit = fit_within(
            self.panel.X, self.panel.observed, self.weights, constant, largest=self.centring.largest
        )
        return self.centring.put_back_into(fit)

    def model(self, panel: Panel, fit: WithinFit, *, centre: Floats) -> LevelModels:
        """Return what a fit of this equation predicts for rows in levels.

        Parameters
        ----------
        panel : rows in levels that the equation was made of
        centre : (n_columns,), what the model's columns are centred at
        """
        intercept = fit.level_at(centre)
        errors = panel.observed - intercept - (panel.X - centre) @ fit.slopes
        effects = predicted_effects(errors, self.rows.with_left_out(), self.components)
        labels = tuple(panel.entity.labels[level] for level in self.rows.grouping.levels.tolist())
        entity = LevelEffects("entity", labels, effects[None])
        return LevelModels(centre, fit.slopes[None], np.array([intercept]), (entity,))


def random_equation(panel: Panel, rows: EntityRows) -> RandomEquation:
    """Return the equation of these rows.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    centring = Centring.at_means(panel)
    return centred_equation(centring.taken_from(panel), rows, centring)


def centred_equation(panel: Panel, rows: EntityRows, centring: Centring) -> RandomEquation:
    """Return the equation of rows without their levels.

    Raises
    ------
    EstimationError
        As by `random_equation`.
    """
    components = variance_components(panel.X, panel.observed, rows, largest=centring.largest)
    columns = np.column_stack([panel.X, panel.observed])
    values = quasi_demeaned(columns, rows, components.theta)
    equation = replace(panel, X=values[:, :-1], observed=values[:, -1], derived=())
    return RandomEquation(rows, components, equation, gls_weights(rows, components.theta), centring)


def fit_random_draws(panel: Panel, weights: Floats) -> Sequence[LevelModels]:
    """Fit once a draw; weights is (n_draws, n_obs), >= 0."""
    centre = panel.X.mean(axis=0)
    models = []
    for draw in weights:
        equation = random_equation(panel, EntityRows.drawn(panel, draw))
        models.append(equation.model(panel, equation.fit(), centre=centre))
    return models
