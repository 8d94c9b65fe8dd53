"""What `feols` predicts with: linear models with effects of levels and trends, one a draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import EffectSet, Floats, Ints, LevelEffects, LevelModels, Panel, stacked


@dataclass(frozen=True, eq=False)
class EntityTrends:
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
    levels : columns and the effects of every set
    origin : period of the calendar at which trends are zero
    trends : None without
    """

    levels: LevelModels
    origin: float
    trends: EntityTrends | None = None

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.levels.predict(panel) + self._of_trends(panel)

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        trend = self._of_trends(panel).mean(axis=1, keepdims=True)
        return np.asarray(self.levels.profile(panel, columns, points) + trend)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a level that has no effect of its own."""
        return self.levels.n_unseen(panel)

    def _of_trends(self, panel: Panel) -> Floats:
        """Return what trends predict, (n_draws, n_obs), or one zero without any."""
        if self.trends is None:
            return np.zeros((1, 1))
        slopes = self.trends.mean[:, None] + self.trends.deviations.of_rows(panel)
        return np.asarray(slopes * (panel.period - self.origin))

    def knowing_left_out(self, panel: Panel, *, weights: Floats, row_weights: Floats) -> FeolsModels:
        """Return the models in which each draw knows the levels that it left out, from all their rows.

        Parameters
        ----------
        weights : (n_draws, n_obs), >= 0, how often a row was drawn
        row_weights : (n_obs,), > 0
        """
        outcome = panel.observed - self._of_trends(panel)
        known = self.levels.knowing_left_out(panel, outcome, weights=weights, row_weights=row_weights)
        return replace(self, levels=known)

    def among(self, sets: Sequence[EffectSet], rows: Ints) -> FeolsModels:
        """Return the same models with the levels of all rows; these are the levels of some, (n_rows,)."""
        whole = {levels.effect: levels for levels in sets}

        def among(effects: LevelEffects) -> LevelEffects:
            levels = whole[effects.effect]
            deviations = np.zeros((len(effects.deviations), levels.n_levels))
            deviations[:, np.unique(levels.codes[rows])] = effects.deviations
            return LevelEffects(levels.effect, levels.labels, deviations)

        effects = tuple(among(effects) for effects in self.levels.effects)
        trends = (
            None if self.trends is None else EntityTrends(self.trends.mean, among(self.trends.deviations))
        )
        return replace(self, levels=replace(self.levels, effects=effects), trends=trends)

    def at(self, centre: Floats, origin: float) -> FeolsModels:
        """Return the same models with other columns, (n_columns,), and another period in the middle."""
        intercepts = self.levels.intercepts + self.levels.slopes @ (centre - self.levels.centre)
        effects = self.levels.effects
        if self.trends is not None:
            later, slopes = origin - self.origin, self.trends.deviations
            intercepts = intercepts + self.trends.mean * later
            effects = tuple(
                replace(effects, deviations=effects.deviations + later * slopes.deviations)
                if effects.effect == slopes.effect
                else effects
                for effects in effects
            )
        levels = LevelModels(centre, self.levels.slopes, intercepts, effects)
        return replace(self, levels=levels, origin=origin)


def stack(models: Sequence[FeolsModels]) -> FeolsModels:
    """Return models of the same levels as one; columns are centred as in the first."""
    first = models[0]
    moved = [model.at(first.levels.centre, first.origin) for model in models]
    trends = [model.trends for model in moved if model.trends is not None]
    return FeolsModels(
        levels=stacked([model.levels for model in moved]),
        origin=first.origin,
        trends=EntityTrends(
            np.concatenate([trend.mean for trend in trends]),
            LevelEffects.stacked([trend.deviations for trend in trends]),
        )
        if trends
        else None,
    )
