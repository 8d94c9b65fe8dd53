"""What correlated random effects predict: levels of known entities, and of new ones by their own means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness import Floats, Ints, LevelEffects, Panel
from harness_panel.resampling.absorb import OneWay
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.entity_rows import EntityRows
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.levels import LevelModels, stack
from harness_panel.resampling.random_equation import RandomEquation, centred_equation
from harness_panel.resampling.within_fit import fit_within

_MEAN = " (entity mean)"


@dataclass(frozen=True, eq=False)
class CorrelatedEquation:
    """Random effects on columns and entity means.

    Attributes
    ----------
    bare : rows without their levels, entity means being its last controls
    columns : (n_means,), positions of the columns that have means
    means : (n_entities, n_means), less the means of the columns over the rows
    equation : what is regressed
    """

    bare: Panel
    columns: Ints
    means: Floats
    equation: RandomEquation

    @property
    def panel(self) -> Panel:
        """The rows in levels."""
        return self.equation.centring.put_back(self.bare)


def correlated_equation(panel: Panel) -> CorrelatedEquation:
    """Return the equation of all rows of a panel.

    Raises
    ------
    EstimationError
        Where the variances cannot be estimated.
    """
    columns, rows, centring = varying_columns(panel), EntityRows.all_of(panel), Centring.at_means(panel)
    bare, extended = centring.taken_from(panel), centring.with_means(columns)
    means = rows.means(bare.X[:, columns])
    bare = with_means(bare, columns, means[rows.grouping.codes])
    return CorrelatedEquation(bare, columns, means, centred_equation(bare, rows, extended))


def varying_columns(panel: Panel) -> Ints:
    """Return the positions of the columns that vary within entities."""
    entity = OneWay(Grouping.of(panel.entity.codes))
    screening = fit_within(panel.X, panel.observed, np.ones(panel.n_obs), entity).screening
    fixed = {*screening.constant, *screening.absorbed}
    return np.array([at for at in range(panel.X.shape[1]) if at not in fixed], dtype=np.int64)


def with_means(panel: Panel, columns: Ints, means: Floats) -> Panel:
    """Return the panel with entity means, (n_obs, n_means), as further controls."""
    names = tuple(f"{panel.columns[at]}{_MEAN}" for at in columns.tolist())
    return replace(panel, controls=(*panel.controls, *names), X=np.hstack([panel.X, means]), derived=())


def is_mean(term: str) -> bool:
    """Say whether a term is the slope of an entity mean."""
    return term.endswith(_MEAN)


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
        is_new = self._is_new(panel)
        if is_new.any():
            predicted += np.where(is_new, self.mean_slopes @ self._own_means(panel).T, 0.0)
        return predicted

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.CanProfile` has it.

        A column that has one value in all rows has it as the mean of every entity.
        """
        means = self.model.profile(panel, columns, points)
        is_new = self._is_new(panel)
        if not is_new.any():
            return means
        moved = [panel.columns.index(name) for name in columns]
        own = np.tile(is_new @ self._own_means(panel) / panel.n_obs, (len(points), 1))
        at, place = np.nonzero(self.columns[:, None] == moved)
        own[:, at] = is_new.mean() * (points[:, place] - self.model.centre[self.columns[at]])
        further: Floats = self.mean_slopes @ own.T
        return means + further

    def knowing(self, panel: Panel) -> MundlakModels:
        """Return models to which the means of further entities, those of these rows, are known."""
        (effects,) = self.model.effects
        is_new = self._is_new(panel)
        if not is_new.any():
            return self
        new = panel.take(np.flatnonzero(is_new))
        codes, firsts = np.unique(new.entity.codes, return_index=True)
        deviations = self.mean_slopes @ self._own_means(new)[firsts].T
        labels = tuple(new.entity.labels[code] for code in codes.tolist())
        entity = LevelEffects(
            "entity", (*effects.labels, *labels), np.hstack([effects.deviations, deviations])
        )
        return replace(self, model=replace(self.model, effects=(entity,)))

    def _is_new(self, panel: Panel) -> npt.NDArray[np.bool_]:
        """Return which rows are of entities whose means are not known, (n_obs,)."""
        return np.asarray(panel.entity.codes_among(self.model.effects[0].labels) < 0)

    def _own_means(self, panel: Panel) -> Floats:
        """Return the entity mean of every row, (n_obs, n_means), less the models' centre."""
        rows = EntityRows.all_of(panel)
        means = rows.means(panel.X[:, self.columns] - self.model.centre[self.columns])
        return means[rows.grouping.codes]


def mundlak_models(model: LevelModels, columns: Ints, *, means: Floats) -> MundlakModels:
    """Return models from one draw of columns followed by entity means, with the same centre.

    Parameters
    ----------
    columns : (n_means,), positions of the columns with means
    means : (n_levels, n_means), entity means of the levels of `model`, less its centre
    """
    n_columns = model.centre.size - columns.size
    mean_slopes = model.slopes[:, n_columns:]
    (effects,) = model.effects
    entity = LevelEffects("entity", effects.labels, effects.deviations + mean_slopes @ means.T)
    own = LevelModels(model.centre[:n_columns], model.slopes[:, :n_columns], model.intercepts, (entity,))
    return MundlakModels(own, columns, mean_slopes)


def stack_mundlak(models: Sequence[MundlakModels]) -> MundlakModels:
    """Return models of one draw each as models of as many draws."""
    return MundlakModels(
        model=stack([one.model for one in models]),
        columns=models[0].columns,
        mean_slopes=np.concatenate([one.mean_slopes for one in models]),
    )
