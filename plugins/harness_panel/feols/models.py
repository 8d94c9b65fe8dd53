"""The effects of a fit's levels, from its slopes, and to which set goes what sets share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import AbsorbedEffects, AbsorbingModels, EffectSet, Floats, Ints, Panel, stacked
from harness_panel.feols.design import EffectDesign, times_of_levels


@dataclass(frozen=True, eq=False)
class EntityTrends:
    """Slopes in time of the entities.

    Attributes
    ----------
    mean : (n_draws,), outcome units per period, what an entity without a row gets
    deviations : of the entities from it, outcome units per period
    """

    mean: Floats
    deviations: AbsorbedEffects


@dataclass(frozen=True, eq=False)
class FeolsModels:
    """Linear models, one a draw, with the same columns and the same levels.

    Attributes
    ----------
    levels : columns and the effects of every set
    origin : period of the calendar at which trends are zero
    trends : None without
    """

    levels: AbsorbingModels
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

    def knowing_omitted(self, panel: Panel, *, weights: Floats, row_weights: Floats) -> FeolsModels:
        """Return the models in which each draw knows the levels that it left out, from all their rows.

        Parameters
        ----------
        weights : (n_draws, n_obs), >= 0, how often a row was drawn
        row_weights : (n_obs,), > 0
        """
        outcome = panel.observed - self._of_trends(panel)
        known = self.levels.knowing_omitted(panel, outcome, weights=weights, row_weights=row_weights)
        return replace(self, levels=known)

    def among(self, sets: Sequence[EffectSet], rows: Ints) -> FeolsModels:
        """Return the same models with the levels of all rows; these are the levels of some, (n_rows,)."""
        whole = {levels.effect: levels for levels in sets}

        def among(effects: AbsorbedEffects) -> AbsorbedEffects:
            levels = whole[effects.effect]
            deviations = np.zeros((len(effects.deviations), levels.n_levels))
            deviations[:, np.unique(levels.codes[rows])] = effects.deviations
            return AbsorbedEffects(levels.effect, levels.labels, deviations)

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
        levels = AbsorbingModels(centre, self.levels.slopes, intercepts, effects)
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
            AbsorbedEffects.stacked([trend.deviations for trend in trends]),
        )
        if trends
        else None,
    )


def level_model(panel: Panel, design: EffectDesign, slopes: Floats) -> FeolsModels:
    """Return the model with these slopes, (n_columns,), and the effects that fit its training rows best.

    What sets share, such as a city and its region, goes to the set with the most levels, or to the entities
    where they have trends; the others have a mean of zero in every part of the panel that hangs together, and
    sets of periods no common trend there.
    """
    weights = design.weights
    centre = weights @ panel.X / weights.sum()
    residual = panel.observed - (panel.X - centre) @ slopes
    middle = float(np.average(residual, weights=weights))
    values, trends = design.solve(residual - middle)
    shared = _SharedEffects(design, [effects.copy() for effects in values], trends.copy())
    for at in range(len(design.sets)):
        shared.move_to_holder(at)
    shared.fill_missing_slopes()
    means = [np.average(value[levels.codes], weights=weights) for levels, value in shared.pairs()]
    effects = tuple(
        AbsorbedEffects(levels.effect, levels.labels, (value - mean)[None])
        for (levels, value), mean in zip(shared.pairs(), means, strict=True)
    )
    intercepts = np.array([middle + float(np.sum(means))])
    return FeolsModels(
        AbsorbingModels(centre, slopes[None], intercepts, effects),
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
        deviations = AbsorbedEffects(entities.effect, entities.labels, (self.slopes - mean)[None])
        return EntityTrends(np.array([mean]), deviations)
