"""What a model with many effects predicts, for levels it knows and for levels it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness import Floats, Panel
from harness_fixest.effect_design import EffectDesign, components
from harness_fixest.effect_set import EffectSet
from harness_fixest.independent_effects import times_of_levels


@dataclass(frozen=True, eq=False)
class LevelEffects:
    """Effects of the levels of one set, as deviations from what a level without a row gets.

    Attributes
    ----------
    effect_set : the levels
    deviations : (n_levels,), outcome units; their mean over the training rows is zero
    """

    effect_set: EffectSet
    deviations: Floats


@dataclass(frozen=True, eq=False)
class EntityTrends:
    """Slopes in time of the entities, as deviations from what an entity without a row gets.

    Attributes
    ----------
    origin : the period, of the calendar, at which trends are zero
    mean : outcome units per period
    deviations : (n_entities,), in the order of `EffectSet.labels`, outcome units per period
    entities : whose slopes they are
    """

    origin: float
    mean: float
    deviations: Floats
    entities: EffectSet


@dataclass(frozen=True, eq=False)
class LevelModel:
    """A linear model with level effects.

    Attributes
    ----------
    centre : (n_columns,), weighted means of the training rows, units of the columns
    slopes : (n_columns,), outcome units per unit of the column; zero for one that was dropped
    intercept : mean prediction at `centre`, outcome units
    effects : one a set
    trends : None without
    """

    centre: Floats
    slopes: Floats
    intercept: float
    effects: tuple[LevelEffects, ...]
    trends: EntityTrends | None = None

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray((panel.X - self.centre) @ self.slopes + self._levels(panel))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.CanProfile` has it."""
        means = np.tile(panel.X.mean(axis=0), (len(points), 1))
        means[:, [panel.columns.index(name) for name in columns]] = points
        return np.asarray((means - self.centre) @ self.slopes + self._levels(panel).mean())

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows with a level that has no effect of its own."""
        unseen = [one.effect_set.codes_of(panel) < 0 for one in self.effects]
        return int(np.count_nonzero(np.any(unseen, axis=0)))

    def _levels(self, panel: Panel) -> Floats:
        """Return what levels and trends predict at `centre`, (n_obs,)."""
        predicted = np.full(panel.n_obs, self.intercept)
        for one in self.effects:
            predicted += _of_rows(one.deviations, one.effect_set, panel)
        if self.trends is not None:
            slopes = self.trends.mean + _of_rows(self.trends.deviations, self.trends.entities, panel)
            predicted += slopes * (panel.period - self.trends.origin)
        return predicted


def _of_rows(deviations: Floats, effect_set: EffectSet, panel: Panel) -> Floats:
    codes = effect_set.codes_of(panel)
    return np.where(codes >= 0, deviations[codes], 0.0)


def level_model(panel: Panel, design: EffectDesign, slopes: Floats) -> LevelModel:
    """Return the model with these slopes, (n_columns,), and the effects that fit its training rows best.

    What sets share, such as a city and its region, goes to the set with the most levels, or to the entities
    where they have trends; the others have a mean of zero in every part of the panel that hangs together, and
    sets of periods no common trend there.
    """
    centre = np.average(panel.X, axis=0, weights=design.weights)
    left = panel.observed - (panel.X - centre) @ slopes
    middle = float(np.average(left, weights=design.weights))
    values, trends = design.solve(left - middle)
    shared = _Shared(design, [one.copy() for one in values], trends.copy())
    for at in range(len(design.sets)):
        shared.move_to_holder(at)
    shared.fill_missing_slopes()
    means = [np.average(value[one.codes], weights=design.weights) for one, value in shared.pairs()]
    effects = tuple(
        LevelEffects(one, value - mean) for (one, value), mean in zip(shared.pairs(), means, strict=True)
    )
    return LevelModel(centre, slopes, middle + float(np.sum(means)), effects, shared.entity_trends(panel))


@dataclass(frozen=True, eq=False)
class _Shared:
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
        n_parts, parts_held, parts = components(sets[self.holder], sets[at])
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
        """The mean slope in time over the rows of entities that have one."""
        trend = self.design.trend
        if trend is None:
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

    def entity_trends(self, panel: Panel) -> EntityTrends | None:
        """Return the slopes in time."""
        trend = self.design.trend
        if trend is None:
            return None
        origin = float(np.average(panel.period, weights=self.design.weights))
        return EntityTrends(origin, self.mean_slope, self.slopes - self.mean_slope, trend.entities)
