"""The equation that random effects are estimated by, and the models it leads to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import Floats, Grouping, Ints, LevelEffects, LevelModels, Panel, read_effect_set
from harness_panel.resampling.absorb import Absorber, without_effects
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_means import EntityMeans
from harness_panel.resampling.equation import Equation
from harness_panel.resampling.variance_components import VarianceComponents, variance_components
from harness_panel.resampling.within_fit import WithinFit


@dataclass(frozen=True, eq=False)
class RandomEquation(Equation):
    """A weighted regression on a constant and quasi-demeaned columns.

    A row is its entity's mean plus its deviation times 1 / (1 - theta). With weights (1 - theta)^2 a
    regression on such columns and a constant is that of Fuller & Battese 1974 on columns less theta times
    their entity means, written so that a constant stays one.

    Attributes
    ----------
    bare : rows that are not quasi-demeaned, without their levels
    components : variances of the error and what they take out of entity means
    """

    bare: Panel
    components: VarianceComponents

    @classmethod
    def of(cls, bare: Panel, centring: Centring, means_of: Ints | None = None) -> RandomEquation:
        """Return the equation of rows without their levels.

        Parameters
        ----------
        means_of : (n_means,), positions of columns whose entity means are further controls, the last ones

        Raises
        ------
        EstimationError
            Where the variances cannot be estimated.
        """
        if means_of is not None:
            bare, centring = EntityMeans.of(bare, means_of).expand(bare), centring.with_means(means_of)
        entities = Grouping.of(bare.entity.codes)
        components = variance_components(bare, entities, largest=centring.largest)
        theta, values = components.theta[entities.codes], np.column_stack([bare.X, bare.observed])
        within = without_effects(Absorber((entities,)), values, np.ones(bare.n_obs))
        values += (theta / (1.0 - theta))[:, None] * within
        panel = replace(bare, X=values[:, :-1], observed=values[:, -1], derived=())
        absorber = Absorber.constant(panel.n_obs)
        return cls(panel, centring, absorber, (1.0 - theta) ** 2, bare, components)

    def random_model(self, fit: WithinFit, bare: Panel) -> LevelModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw.

        Effects are best linear unbiased predictions (Goldberger 1962): the mean error of an entity of T rows,
        times ``T entity / (idiosyncratic + T entity)`` with the two variances.

        Parameters
        ----------
        bare : rows without their levels, whose entities have effects
        """
        model, entities = self.model(fit), read_effect_set(bare, "entity")
        errors = bare.observed - (model.intercepts[0] - self.centring.outcome) - bare.X @ fit.slopes
        variances = entities.sizes * self.components.entity
        shares: Floats = variances / (self.components.idiosyncratic + variances)
        effects = shares * entities.means(errors[:, None])[:, 0]
        return replace(model, effects=(LevelEffects("entity", entities.labels, effects[None]),))


def random_equation(panel: Panel, means_of: Ints | None = None) -> RandomEquation:
    """Return the equation of a panel; `means_of` as of `RandomEquation.of`.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    return RandomEquation.of(*Centring.at_means(panel), means_of)
