"""Linear models with level effects, one a draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from harness.plugin import CanProfile, EffectSet, FittedDraws, Floats, Grouping, LevelEffects, LevelModels


class LinearModels(FittedDraws, CanProfile, Protocol):
    """Models whose predictions are linear in their columns, one a draw."""


def level_models(
    groupings: Sequence[Grouping],
    effects: Sequence[Floats],
    *,
    centre: Floats,
    intercept: float,
    slopes: Floats,
    weights: Floats,
) -> LevelModels:
    """Return models whose effects have mean zero over each draw's rows.

    Parameters
    ----------
    groupings : sets of effects, or a constant
    effects : (n_draws, n_levels) each, outcome units; their means go to the intercept
    centre, intercept : (n_columns,), and a number; what predictions are written around
    slopes : (n_draws, n_columns)
    weights : (n_obs, n_draws), >= 0; the effect of a level without weight is zero
    """
    intercepts, found = np.full(len(slopes), intercept), []
    for grouping, values in zip(groupings, effects, strict=True):
        totals = grouping.sums(weights).T
        means = np.sum(values * totals, axis=1) / totals.sum(axis=1)
        intercepts += means
        if isinstance(grouping, EffectSet):
            deviations = np.where(totals > 0, values - means[:, None], 0.0)
            found.append(LevelEffects(grouping.effect, grouping.labels, deviations))
    return LevelModels(centre, slopes, intercepts, tuple(found))
