"""Linear models with level effects, one a draw, and what they predict for levels they never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Ints, Panel
from harness_fixest.effect_set import EffectSet, Levels


@dataclass(frozen=True, eq=False)
class LevelEffects:
    """Effects of the levels of one set, as deviations from what a level without a row gets.

    Attributes
    ----------
    levels : that have an effect
    deviations : (n_draws, n_levels), outcome units; zero for a level that a draw left out
    """

    levels: Levels
    deviations: Floats

    def of_rows(self, panel: Panel) -> Floats:
        """Return each row's deviation, (n_draws, n_obs); zero for a level without an effect."""
        codes = self.levels.codes_of(panel)
        return np.where(codes >= 0, self.deviations[:, codes], 0.0)

    def among(self, whole: EffectSet, rows: Ints) -> LevelEffects:
        """Return the effects of the levels of all rows, of which these are the levels of some, (n_rows,)."""
        deviations = np.zeros((len(self.deviations), whole.n_levels))
        deviations[:, np.unique(whole.codes[rows])] = self.deviations
        return LevelEffects(whole.levels, deviations)


@dataclass(frozen=True, eq=False)
class Trends:
    """Slopes in time of the entities.

    Attributes
    ----------
    mean : (n_draws,), outcome units per period, what an entity without a row gets
    deviations : of the entities from it, outcome units per period
    """

    mean: Floats
    deviations: LevelEffects


@dataclass(frozen=True, eq=False)
class LevelModels:
    """Linear models, one a draw, with the same columns and the same levels.

    Attributes
    ----------
    centre : (n_columns,), units of the columns
    origin : period of the calendar at which trends are zero
    slopes : (n_draws, n_columns), outcome units per unit of the column; zero for one that was dropped
    intercepts : (n_draws,), mean prediction at `centre` and `origin`, outcome units
    effects : one a set
    trends : None without
    """

    centre: Floats
    origin: float
    slopes: Floats
    intercepts: Floats
    effects: tuple[LevelEffects, ...]
    trends: Trends | None = None

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.asarray(self.slopes @ (panel.X - self.centre).T + self._of_levels(panel))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.CanProfile` has it."""
        means = np.tile(panel.X.mean(axis=0), (len(points), 1))
        means[:, [panel.columns.index(name) for name in columns]] = points
        level = self._of_levels(panel).mean(axis=1, keepdims=True)
        return np.asarray(self.slopes @ (means - self.centre).T + level)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a level that has no effect of its own."""
        unseen = [one.levels.codes_of(panel) < 0 for one in self.effects]
        return int(np.count_nonzero(np.any(unseen, axis=0)))

    def _of_levels(self, panel: Panel) -> Floats:
        """Return what levels and trends predict at `centre`, (n_draws, n_obs)."""
        predicted = np.repeat(self.intercepts[:, None], panel.n_obs, axis=1)
        for one in self.effects:
            predicted += one.of_rows(panel)
        if self.trends is not None:
            slopes = self.trends.mean[:, None] + self.trends.deviations.of_rows(panel)
            predicted += slopes * (panel.period - self.origin)
        return predicted

    def among(self, sets: Sequence[EffectSet], rows: Ints) -> LevelModels:
        """Return the same models with the levels of all rows; these are the levels of some, (n_rows,)."""
        whole = {one.levels.parts: one for one in sets}

        def among(effects: LevelEffects) -> LevelEffects:
            return effects.among(whole[effects.levels.parts], rows)

        trends = None if self.trends is None else Trends(self.trends.mean, among(self.trends.deviations))
        return replace(self, effects=tuple(among(one) for one in self.effects), trends=trends)

    def at(self, centre: Floats, origin: float) -> LevelModels:
        """Return the same models with other columns, (n_columns,), and another period in the middle."""
        intercepts = self.intercepts + self.slopes @ (centre - self.centre)
        if self.trends is None:
            return replace(self, centre=centre, origin=origin, intercepts=intercepts)
        later = origin - self.origin
        intercepts = intercepts + self.trends.mean * later
        effects = [
            LevelEffects(one.levels, one.deviations + later * self.trends.deviations.deviations)
            if one.levels.parts == self.trends.deviations.levels.parts
            else one
            for one in self.effects
        ]
        return replace(self, centre=centre, origin=origin, intercepts=intercepts, effects=tuple(effects))


def stack(models: Sequence[LevelModels]) -> LevelModels:
    """Return models of the same levels as one; columns are centred as in the first."""
    first = models[0]
    moved = [one.at(first.centre, first.origin) for one in models]
    trends = [one.trends for one in moved if one.trends is not None]
    return LevelModels(
        centre=first.centre,
        origin=first.origin,
        slopes=np.concatenate([one.slopes for one in moved]),
        intercepts=np.concatenate([one.intercepts for one in moved]),
        effects=tuple(_joined(effects) for effects in zip(*(one.effects for one in moved), strict=True)),
        trends=Trends(
            np.concatenate([one.mean for one in trends]), _joined([one.deviations for one in trends])
        )
        if trends
        else None,
    )


def _joined(effects: Sequence[LevelEffects]) -> LevelEffects:
    return LevelEffects(effects[0].levels, np.concatenate([one.deviations for one in effects]))
