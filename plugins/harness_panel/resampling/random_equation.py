"""The equation that random effects are estimated by, and the models it leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, LevelEffects, Panel
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.equation import Equation
from harness_panel.resampling.levels import LevelModels
from harness_panel.resampling.variance_components import (
    VarianceComponents,
    gls_weights,
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
    rows : by entity
    components : variances of the error and what they take out of entity means
    """

    bare: Panel
    rows: EntityRows
    components: VarianceComponents

    @classmethod
    def of(cls, bare: Panel, rows: EntityRows, centring: Centring) -> RandomEquation:
        """Return the equation of rows without their levels.

        Raises
        ------
        EstimationError
            Where the variances cannot be estimated.
        """
        components = variance_components(bare.X, bare.observed, rows, largest=centring.largest)
        values = quasi_demeaned(np.column_stack([bare.X, bare.observed]), rows, components.theta)
        panel = replace(bare, X=values[:, :-1], observed=values[:, -1], derived=())
        weights = gls_weights(rows, components.theta)
        return cls(panel, centring, Absorber.constant(panel.n_obs), weights, bare, rows, components)

    def model(self, fit: WithinFit) -> LevelModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw."""
        centre, bare = self.centring.columns, self.bare
        intercept = fit.level_at(centre)
        errors = bare.observed - (intercept - self.centring.outcome) - bare.X @ fit.slopes
        effects = predicted_effects(errors, self.rows.with_left_out(), self.components)
        labels = tuple(bare.entity.labels[level] for level in self.rows.grouping.levels.tolist())
        entity = LevelEffects("entity", labels, effects[None])
        return LevelModels(centre, fit.slopes[None], np.array([intercept]), (entity,))


def random_equation(panel: Panel, weights: Floats | None = None) -> RandomEquation:
    """Return the equation of a panel, or of one draw of its rows, (n_obs,) counts.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    rows = EntityRows.all_of(panel) if weights is None else EntityRows.drawn(panel, weights)
    centring = Centring.at_means(panel)
    return RandomEquation.of(centring.taken_from(panel), rows, centring)
