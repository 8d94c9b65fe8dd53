"""What `feols` predicts with: linear models with effects of levels and trends, one a draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Ints, LevelEffects, Panel, count_unseen, with_left_out_levels
from harness_fixest.effect_set import EffectSet


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
class FeolsModels:
    """Linear models, one a draw, with the same columns and the same levels.

    Attributes
    ----------
    centre : (n_columns,), units of the columns
    origin : period of the calendar at which trends are zero
    slopes : (n_draws, n_columns), outcome units per unit of the column; zero for one that was dropped
    intercepts : (n_draws,), mean prediction at `centre` and `origin`, outcome units
    effects : one a set, outcome units
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
        return count_unseen(self.effects, panel)

    def _of_levels(self, panel: Panel) -> Floats:
        """Return what levels and trends predict at `centre`, (n_draws, n_obs)."""
        predicted = np.repeat(self.intercepts[:, None], panel.n_obs, axis=1)
        for effects in self.effects:
            predicted += effects.of_rows(panel)
        if self.trends is not None:
            slopes = self.trends.mean[:, None] + self.trends.deviations.of_rows(panel)
            predicted += slopes * (panel.period - self.origin)
        return predicted

    def knowing_left_out(self, panel: Panel, *, weights: Floats, row_weights: Floats) -> FeolsModels:
        """Return the models in which each draw knows the levels that it left out, from all their rows.

        Parameters
        ----------
        weights : (n_draws, n_obs), >= 0, how often a row was drawn
        row_weights : (n_obs,), > 0
        """
        left = panel.observed - self.predict(panel)
        known = with_left_out_levels(self.effects, panel, left, weights=weights, row_weights=row_weights)
        return replace(self, effects=known)

    def among(self, sets: Sequence[EffectSet], rows: Ints) -> FeolsModels:
        """Return the same models with the levels of all rows; these are the levels of some, (n_rows,)."""
        whole = {levels.effect: levels for levels in sets}

        def among(effects: LevelEffects) -> LevelEffects:
            levels = whole[effects.effect]
            deviations = np.zeros((len(effects.deviations), levels.n_levels))
            deviations[:, np.unique(levels.codes[rows])] = effects.deviations
            return LevelEffects(levels.effect, levels.labels, deviations)

        trends = None if self.trends is None else Trends(self.trends.mean, among(self.trends.deviations))
        return replace(self, effects=tuple(among(effects) for effects in self.effects), trends=trends)

    def at(self, centre: Floats, origin: float) -> FeolsModels:
        """Return the same models with other columns, (n_columns,), and another period in the middle."""
        intercepts = self.intercepts + self.slopes @ (centre - self.centre)
        if self.trends is None:
            return replace(self, centre=centre, origin=origin, intercepts=intercepts)
        later, slopes = origin - self.origin, self.trends.deviations
        intercepts = intercepts + self.trends.mean * later
        effects = [
            replace(effects, deviations=effects.deviations + later * slopes.deviations)
            if effects.effect == slopes.effect
            else effects
            for effects in self.effects
        ]
        return replace(self, centre=centre, origin=origin, intercepts=intercepts, effects=tuple(effects))


def stack(models: Sequence[FeolsModels]) -> FeolsModels:
    """Return models of the same levels as one; columns are centred as in the first."""
    first = models[0]
    moved = [model.at(first.centre, first.origin) for model in models]
    trends = [model.trends for model in moved if model.trends is not None]
    return FeolsModels(
        centre=first.centre,
        origin=first.origin,
        slopes=np.concatenate([model.slopes for model in moved]),
        intercepts=np.concatenate([model.intercepts for model in moved]),
        effects=tuple(
            LevelEffects.stacked(effects) for effects in zip(*(model.effects for model in moved), strict=True)
        ),
        trends=Trends(
            np.concatenate([trend.mean for trend in trends]),
            LevelEffects.stacked([trend.deviations for trend in trends]),
        )
        if trends
        else None,
    )
