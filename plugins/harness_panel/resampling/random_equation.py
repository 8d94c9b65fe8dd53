"""The equation that random effects are estimated by, and the models it leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Ints, LevelEffects, LevelModels, Panel
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_means import EntityMeans
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.equation import Equation
from harness_panel.resampling.variance_components import (
    VarianceComponents,
    predicted_effects,
    quasi_demeaned,
    variance_components,
)
from harness_panel.resampling.within_fit import WithinFit


@dataclass(frozen=True, eq=False)
class RandomEquation(Equation):
    """A weighted regression on a constant and quasi-demeaned columns.

    Attributes
    ----------
    bare : rows that are not quasi-demeaned, without their levels
    components : variances of the error and what they take out of entity means
    """

    bare: Panel
    components: VarianceComponents

    @classmethod
    def of(cls, bare: Panel, centring: Centring) -> RandomEquation:
        """Return the equation of rows without their levels.

        Raises
        ------
        EstimationError
            Where the variances cannot be estimated.
        """
        rows = EntityRows.of(bare)
        components = variance_components(bare.X, bare.observed, rows, largest=centring.largest)
        values = quasi_demeaned(np.column_stack([bare.X, bare.observed]), rows, components.theta)
        panel = replace(bare, X=values[:, :-1], observed=values[:, -1], derived=())
        weights: Floats = (1.0 - components.theta[rows.grouping.codes]) ** 2
        return cls(panel, centring, Absorber.constant(panel.n_obs), weights, bare, components)

    def random_model(self, fit: WithinFit, bare: Panel) -> LevelModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw.

        Parameters
        ----------
        bare : rows without their levels, whose entities have effects
        """
        model, rows = self.model(fit), EntityRows.of(bare)
        errors = bare.observed - (model.intercepts[0] - self.centring.outcome) - bare.X @ fit.slopes
        effects = predicted_effects(errors, rows, self.components)
        return replace(model, effects=(LevelEffects("entity", rows.labels, effects[None]),))


def random_equation(panel: Panel) -> RandomEquation:
    """Return the equation of a panel.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    centring = Centring.at_means(panel)
    return RandomEquation.of(centring.taken_from(panel), centring)


def correlated_equation(bare: Panel, columns: Ints, centring: Centring) -> RandomEquation:
    """Return the equation with the entity means of some columns, (n_means,) positions, as last controls.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    return RandomEquation.of(EntityMeans.of(bare, columns).expand(bare), centring.with_means(columns))
