"""The effects of a fit's levels, from its slopes, and to which set goes what sets share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.plugin import EffectSet, Floats, LevelEffects, LevelModels, Panel
from harness_fixest.effect_design import EffectDesign
from harness_fixest.independent_effects import times_of_levels
from harness_fixest.models import EntityTrends, FeolsModels


def level_model(panel: Panel, design: EffectDesign, slopes: Floats) -> FeolsModels:
    """Return the model with these slopes, (n_columns,), and the effects that fit its training rows best.

    What sets share, such as a city and its region, goes to the set with the most levels, or to the entities
    where they have trends; the others have a mean of zero in every part of the panel that hangs together, and
    sets of periods no common trend there.
    """
    weights = design.weights
    centre = weights @ panel.X / weights.sum()
    left = panel.observed - (panel.X - centre) @ slopes
    middle = float(np.average(left, weights=weights))
    values, trends = design.solve(left - middle)
    shared = _SharedEffects(design, [effects.copy() for effects in values], trends.copy())
    for at in range(len(design.sets)):
        shared.move_to_holder(at)
    shared.fill_missing_slopes()
    means = [np.average(value[levels.codes], weights=weights) for levels, value in shared.pairs()]
    effects = tuple(
        LevelEffects(levels.effect, levels.labels, (value - mean)[None])
        for (levels, value), mean in zip(shared.pairs(), means, strict=True)
    )
    intercepts = np.array([middle + float(np.sum(means))])
    return FeolsModels(
        LevelModels(centre, slopes[None], intercepts, effects),
        origin=float(np.average(panel.period, weights=weights)),
        trends=shared.trends(),
    )


@dataclass(frozen=True, eq=False)
class _SharedEffects:
    """Effects from which what sets share is moved, in place, to the set that holds it.

    Attributes
    ----------
    values : (n_levels,) for each set of the design
    slopes : (n_levels,) of the set with trends, or empty
    """

    design: EffectDesign
    values: Sequence[Floats]
    slopes: Floats

    def pairs(self) -> list[tuple[EffectSet, Floats]]:
        """Return each set with its effects."""
        return list(zip(self.design.sets, self.values, strict=True))

    @property
    def holder(self) -> int:
        """Position of the set that holds what sets share."""
        sets, trend = self.design.sets, self.design.trend
        if trend is not None:
            return sets.index(trend.entities)
        return max(range(len(sets)), key=lambda at: (sets[at].n_levels, -at))

    def move_to_holder(self, at: int) -> None:
        """Leave a set a mean of zero, and no trend if it is one of periods, in every part of the panel."""
        sets, trend = self.design.sets, self.design.trend
        if at == self.holder:
            return
        found = self.design.parts(sets[self.holder], sets[at])
        n_parts, parts_held, parts = found.n_parts, found.of_first, found.of_second
        totals = self.design.totals(sets[at])
        means = np.bincount(parts, totals * self.values[at], n_parts) / np.bincount(parts, totals, n_parts)
        self.values[at][:] -= means[parts]
        self.values[self.holder][:] += means[parts_held]
        times = None if trend is None else times_of_levels(sets[at], trend.time)
        if times is None:
            return
        middle = np.bincount(parts, totals * times, n_parts) / np.bincount(parts, totals, n_parts)
        distance = times - middle[parts]
        spread = np.bincount(parts, totals * distance**2, n_parts)
        covered = np.bincount(parts, totals * distance * self.values[at], n_parts)
        steepness = np.divide(covered, spread, out=np.zeros(n_parts), where=spread > 0.0)
        self.values[at][:] -= steepness[parts] * distance
        self.slopes[:] += steepness[parts_held]
        self.values[self.holder][:] -= (steepness * middle)[parts_held]

    @property
    def mean_slope(self) -> float:
        """The mean slope in time over the rows of entities that have one; zero where none has."""
        trend = self.design.trend
        if trend is None or not trend.has_slope.any():
            return 0.0
        weights = self.design.totals(trend.entities) * trend.has_slope
        return float(np.average(self.slopes, weights=weights))

    def fill_missing_slopes(self) -> None:
        """Give entities of one period the mean slope, and an effect with which their rows fit as before."""
        trend = self.design.trend
        if trend is None:
            return
        change = np.where(trend.has_slope, 0.0, self.mean_slope - self.slopes)
        self.slopes[:] += change
        self.values[self.holder][:] -= change * trend.centre

    def trends(self) -> EntityTrends | None:
        """Return the slopes in time."""
        trend = self.design.trend
        if trend is None:
            return None
        mean, entities = self.mean_slope, trend.entities
        deviations = LevelEffects(entities.effect, entities.labels, (self.slopes - mean)[None])
        return EntityTrends(np.array([mean]), deviations)
