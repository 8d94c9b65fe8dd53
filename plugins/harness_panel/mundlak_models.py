"""What correlated random effects predict: levels of known entities, and of new ones by their own means."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Ints, Panel
from harness_panel.absorb import OneWay
from harness_panel.entity_rows import EntityRows
from harness_panel.grouping import Grouping
from harness_panel.levels import LevelEffects, LevelModels
from harness_panel.random_effects import RandomEffectsFit
from harness_panel.within_fit import fit_within


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
        predicted = self.model.predict(panel)
        is_new = panel.entity.codes_among(self.model.effects[0].labels) < 0
        if is_new.any():
            own = panel.take(np.flatnonzero(is_new))
            rows = EntityRows.all_of(own)
            means = rows.means(own.X[:, self.columns] - self.model.centre[self.columns])
            predicted[:, is_new] += self.mean_slopes @ means[rows.grouping.codes].T
        return predicted


@dataclass(frozen=True, eq=False)
class MundlakFit(RandomEffectsFit):
    """A fit by correlated random effects.

    Attributes
    ----------
    levels : predicts
    """

    levels: MundlakModels

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted: Floats = self.levels.predict(panel)[0]
        return predicted


def varying_columns(panel: Panel) -> Ints:
    """Return the positions of the columns that vary within entities."""
    entity = OneWay(Grouping.of(panel.entity.codes))
    screening = fit_within(panel.X, panel.observed, np.ones(panel.n_obs), entity).screening
    fixed = {*screening.constant, *screening.absorbed}
    return np.array([at for at in range(panel.X.shape[1]) if at not in fixed], dtype=np.int64)


def with_means(panel: Panel, columns: Ints, means: Floats) -> Panel:
    """Return the panel with entity means of some columns as further controls.

    Parameters
    ----------
    columns : (n_means,), positions
    means : (n_obs, n_means)
    """
    names = tuple(f"{panel.columns[at]} (entity mean)" for at in columns.tolist())
    return replace(panel, controls=(*panel.controls, *names), X=np.hstack([panel.X, means]))


def mundlak_models(model: LevelModels, columns: Ints, known: Floats) -> MundlakModels:
    """Return models from one whose columns are followed by entity means.

    Parameters
    ----------
    model : of the panel with means; entity effects by level
    columns : (n_means,), positions of the columns with means
    known : (n_levels, n_means), entity means of the levels of `model`
    """
    n_columns = model.centre.size - columns.size
    own, of_means = model.slopes[:, :n_columns], model.slopes[:, n_columns:]
    centre = model.centre[:n_columns]
    # Means of new entities are centred where the columns are, so the level moves there.
    shift = of_means @ (centre[columns] - model.centre[n_columns:])
    (effects,) = model.effects
    deviations = effects.deviations + of_means @ (known - centre[columns]).T
    entity = LevelEffects("entity", effects.labels, deviations)
    return MundlakModels(
        LevelModels(centre, own, model.intercepts + shift, (entity,)), columns, of_means
    )
