"""Linear models with level effects, one a draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.left_out_levels import with_left_out_levels
from harness.estimators.level_effects import LevelEffects, count_unseen

_AT_A_TIME = 2**20
"""Numbers that are held in memory while rows are predicted, or levels are added: 8 MiB."""


def means_at(panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
    """Return the mean of every regressor over the rows, (n_points, n_columns), at each point.

    Parameters
    ----------
    columns : regressors that get the same value in all rows
    points : (n_points, n_moved), units of the columns
    """
    means: Floats = panel.X.mean(axis=0)[None].repeat(len(points), axis=0)
    means[:, [panel.columns.index(name) for name in columns]] = points
    return means


@dataclass(frozen=True, eq=False)
class LevelModels:
    """Linear models, one a draw, with the same columns and the same effects.

    A prediction is ``intercept + (x - centre) @ slopes`` plus the deviation of each level. A level
    without a training row deviates by zero, so it gets the mean effect over the rows of that draw.

    Attributes
    ----------
    centre : (n_columns,), units of the columns
    slopes : (n_draws, n_columns), outcome units per unit of the column
    intercepts : (n_draws,), mean prediction at `centre`, outcome units
    effects : one for each key or column with effects
    """

    centre: Floats
    slopes: Floats
    intercepts: Floats
    effects: tuple[LevelEffects, ...] = ()

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        predicted = np.empty((len(self.slopes), panel.n_obs))
        height = max(1, _AT_A_TIME // max(1, panel.X.shape[1]))
        for start in range(0, panel.n_obs, height):
            rows = slice(start, start + height)
            predicted[:, rows] = self.slopes @ (panel.X[rows] - self.centre).T
        predicted += self.intercepts[:, None]
        for effects in self.effects:
            predicted += effects.of_rows(panel)
        return predicted

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return self.mean_predictions(panel, means_at(panel, columns, points))

    def mean_predictions(self, panel: Panel, means: Floats) -> Floats:
        """Return mean predictions over rows, (n_draws, n_points): a linear model's are those at the mean row.

        Parameters
        ----------
        panel : the rows, for their levels
        means : (n_points, n_columns), of the regressors over the rows
        """
        predicted = self.slopes @ (means - self.centre).T + self.intercepts[:, None]
        for effects in self.effects:
            predicted += effects.mean(panel)[:, None]
        return predicted

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a level that has no effect of its own."""
        return count_unseen(self.effects, panel)

    def knowing_left_out(
        self, panel: Panel, outcome: Floats, *, weights: Floats, row_weights: Floats
    ) -> LevelModels:
        """Return models in which each draw knows the levels that it left out, by `with_left_out_levels`.

        Parameters
        ----------
        panel : rows to take levels from; its levels that no draw holds are added
        outcome : (n_draws, n_obs) or (n_obs,), what the models predict, outcome units
        weights : (n_draws, n_obs), >= 0, how often a row was drawn
        row_weights : (n_obs,), > 0, how much a row counts each time
        """
        if not self.effects or weights.all():
            return self
        target, parts = np.broadcast_to(outcome, weights.shape), []
        for draws in np.array_split(np.arange(len(weights)), -(-weights.size // _AT_A_TIME)):
            own = (replace(effects, deviations=effects.deviations[draws]) for effects in self.effects)
            effects = tuple(levels.with_levels_of(panel) for levels in own)
            some = LevelModels(self.centre, self.slopes[draws], self.intercepts[draws], effects)
            left = target[draws] - some.predict(panel)
            known = with_left_out_levels(
                effects, panel, left, weights=weights[draws], row_weights=row_weights
            )
            parts.append(replace(some, effects=known))
        return stacked(parts)


def stacked(models: Sequence[LevelModels]) -> LevelModels:
    """Return models with one centre and the same levels as models of all their draws."""
    first = models[0]
    return LevelModels(
        centre=first.centre,
        slopes=np.concatenate([model.slopes for model in models]),
        intercepts=np.concatenate([model.intercepts for model in models]),
        effects=tuple(
            LevelEffects.stacked(effects)
            for effects in zip(*(model.effects for model in models), strict=True)
        ),
    )
