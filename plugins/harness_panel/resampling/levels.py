"""Linear models with level effects, one a draw, and what they predict for levels they never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from harness import (
    CanProfile,
    EffectKey,
    FittedDraws,
    Floats,
    Ints,
    LevelEffects,
    LevelModels,
    Panel,
    key_of,
    stacked,
    with_left_out_levels,
)


class LinearModels(FittedDraws, CanProfile, Protocol):
    """Models whose predictions are linear in their columns, one a draw."""


@dataclass(frozen=True, eq=False)
class RawEffects:
    """Effects of one grouping before their mean is taken out.

    Attributes
    ----------
    values : (n_draws, n_levels), outcome units
    totals : (n_draws, n_levels), weight of each level's rows
    """

    values: Floats
    totals: Floats

    def means(self) -> Floats:
        """Return the mean effect over the weighted rows, (n_draws,)."""
        means: Floats = np.sum(self.values * self.totals, axis=1) / self.totals.sum(axis=1)
        return means

    def deviations(self) -> Floats:
        """Return effects less their mean, (n_draws, n_levels); zero for a level without weight."""
        return np.where(self.totals > 0, self.values - self.means()[:, None], 0.0)


def level_models(
    *,
    centre: Floats,
    slopes: Floats,
    intercept: float,
    raw: Sequence[RawEffects],
    levels: Sequence[tuple[EffectKey, tuple[str, ...]]],
) -> LevelModels:
    """Return models whose effects have mean zero over each draw's rows.

    Parameters
    ----------
    centre : (n_columns,)
    slopes : (n_draws, n_columns)
    intercept : common to all draws
    raw : effects of every grouping; a pooled regression has one, the constant
    levels : what has effects, and the labels of each grouping that has effects; none for a pooled regression
    """
    intercepts = intercept + np.sum([of_levels.means() for of_levels in raw], axis=0)
    effects = tuple(
        LevelEffects(effect, labels, of_levels.deviations())
        for (effect, labels), of_levels in zip(levels, raw, strict=False)
    )
    return LevelModels(centre, slopes, intercepts, effects)


_AT_A_TIME = 2**20
"""Residuals that are held in memory while levels are added: 8 MiB."""


def knowing_left_out_levels(
    models: LevelModels, panel: Panel, outcome: Floats, *, weights: Floats, row_weights: Floats
) -> LevelModels:
    """Return models in which each draw knows the levels that it left out, by `harness.with_left_out_levels`.

    Parameters
    ----------
    panel : rows to take levels from; its levels that no draw holds are added
    outcome : (n_draws, n_obs), what the models predict, outcome units
    weights : (n_draws, n_obs), >= 0, how often a row was drawn
    row_weights : (n_obs,), > 0, how much a row counts each time
    """
    if not models.effects or weights.all():
        return models
    n_draws = len(weights)
    parts = []
    for draws in np.array_split(np.arange(n_draws), -(-weights.size // _AT_A_TIME)):
        some = LevelModels(
            models.centre,
            models.slopes[draws],
            models.intercepts[draws],
            tuple(_with_levels_of(effects, panel, draws) for effects in models.effects),
        )
        complete = with_left_out_levels(
            some.effects,
            panel,
            outcome[draws] - some.predict(panel),
            weights=weights[draws],
            row_weights=row_weights,
        )
        parts.append(replace(some, effects=complete))
    return stacked(parts)


def _with_levels_of(effects: LevelEffects, panel: Panel, draws: Ints) -> LevelEffects:
    """Return the effects of some draws, (n_taken,) positions, with zero for further levels of these rows."""
    key = key_of(panel, effects.effect)
    new = np.unique(key.codes[key.codes_among(effects.labels) < 0]).tolist()
    deviations = np.pad(effects.deviations[draws], ((0, 0), (0, len(new))))
    return LevelEffects(effects.effect, (*effects.labels, *(key.labels[code] for code in new)), deviations)
