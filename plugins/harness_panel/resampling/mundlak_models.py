"""What correlated random effects predict: levels of known entities, and of new ones by their own means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Ints, LevelEffects, Panel
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.levels import LevelModels, stack
from harness_panel.resampling.random_equation import RandomEquation
from harness_panel.resampling.within_fit import WithinFit, fit_within

_MEAN = " (entity mean)"


def is_mean(term: str) -> bool:
    """Say whether a term is the slope of an entity mean."""
    return term.endswith(_MEAN)


def varying_columns(panel: Panel) -> Ints:
    """Return the positions of the columns that vary within entities."""
    entity = Absorber((EntityRows.all_of(panel).grouping,))
    screening = fit_within(panel.X, panel.observed, np.ones(panel.n_obs), entity).screening
    fixed = {*screening.constant, *screening.absorbed}
    return np.array([at for at in range(panel.X.shape[1]) if at not in fixed], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class CorrelatedEquation:
    """Random effects on columns and, as last controls, the entity means of some of them.

    Attributes
    ----------
    columns : (n_means,), positions of the columns that have means
    means : (n_entities, n_means), less the means of the columns over the rows
    random : what is regressed
    """

    columns: Ints
    means: Floats
    random: RandomEquation

    @classmethod
    def of(cls, panel: Panel, columns: Ints, weights: Floats) -> CorrelatedEquation:
        """Return the equation of one draw, weights being (n_obs,) counts.

        An entity that the draw leaves out has the means of all its rows.

        Raises
        ------
        EstimationError
            Where the variances cannot be estimated.
        """
        rows, centring = EntityRows.drawn(panel, weights), Centring.at_means(panel)
        bare = centring.taken_from(panel)
        means = rows.with_left_out().means(bare.X[:, columns])
        names = [f"{panel.columns[at]}{_MEAN}" for at in columns.tolist()]
        X = np.hstack([bare.X, means[rows.grouping.codes]])
        extended = replace(bare, controls=(*panel.controls, *names), X=X)
        return cls(columns, means, RandomEquation.of(extended, rows, centring.with_means(columns)))

    @classmethod
    def all_of(cls, panel: Panel) -> CorrelatedEquation:
        """Return the equation of all rows of a panel; raises as `of`."""
        return cls.of(panel, varying_columns(panel), np.ones(panel.n_obs))

    def models(self, fit: WithinFit) -> MundlakModels:
        """Return what a fit of this equation predicts, as one draw."""
        extended, n_columns = self.random.model(fit), fit.slopes.size - self.columns.size
        mean_slopes, (effects,) = extended.slopes[:, n_columns:], extended.effects
        entity = LevelEffects("entity", effects.labels, effects.deviations + mean_slopes @ self.means.T)
        slopes = extended.slopes[:, :n_columns]
        model = LevelModels(extended.centre[:n_columns], slopes, extended.intercepts, (entity,))
        return MundlakModels(model, self.columns, mean_slopes)


@dataclass(frozen=True, eq=False)
class MundlakModels:
    """Linear models with entity levels, one a draw.

    Attributes
    ----------
    model : columns and the levels of known entities, what their means say included
    columns : (n_means,), positions of the columns whose entity means have slopes
    mean_slopes : (n_draws, n_means), outcome units per unit of the entity mean
    """

    model: LevelModels
    columns: Ints
    mean_slopes: Floats

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.knowing(panel).model.predict(panel)

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.CanProfile` has it.

        A column that has one value in all rows has it as the mean of every new entity.
        """
        if self.knowing(panel) is self:
            return self.model.profile(panel, columns, points)
        moved = (panel.with_columns(dict(zip(columns, point, strict=True))) for point in points.tolist())
        return np.column_stack([self.predict(rows).mean(axis=1) for rows in moved])

    def knowing(self, panel: Panel) -> MundlakModels:
        """Return models to which the means of further entities, those of these rows, are known."""
        (effects,), centre = self.model.effects, self.model.centre[self.columns]
        is_new = panel.entity.codes_among(effects.labels) < 0
        if not is_new.any():
            return self
        new = panel.take(np.flatnonzero(is_new))
        rows = EntityRows.all_of(new)
        deviations = self.mean_slopes @ rows.means(new.X[:, self.columns] - centre).T
        labels = tuple(new.entity.labels[code] for code in rows.grouping.levels.tolist())
        entity = LevelEffects(
            "entity", (*effects.labels, *labels), np.hstack([effects.deviations, deviations])
        )
        return replace(self, model=replace(self.model, effects=(entity,)))


def stack_mundlak(draws: Sequence[MundlakModels]) -> MundlakModels:
    """Return models of one draw each as models of as many draws."""
    mean_slopes = np.concatenate([draw.mean_slopes for draw in draws])
    return MundlakModels(stack([draw.model for draw in draws]), draws[0].columns, mean_slopes)
