"""Sets of effects: how many are independent, the effects of levels, and which set holds what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness import plugin
from harness.plugin import AbsorbedEffects, AbsorbingModels, EffectSet, Floats, Ints, Mask, Panel, marked

if TYPE_CHECKING:
    from scipy.sparse import csr_array


_TOLERANCE = 1e-13
_MOST_STEPS = 10_000

# The second pass takes out what the first, relative to the size of a column, left as rounding.
_PASSES = 2


@dataclass(frozen=True, eq=False)
class LevelTrends:
    """A slope in time for each level of a set.

    Attributes
    ----------
    entities : the set
    time : (n_obs,), periods of the calendar from the mean period of the rows
    centre : (n_levels,), weighted mean time of each level's rows
    spread : (n_levels,), root of the weighted sum of squared time from `centre`; zero where a level has one
        period, and so no slope
    """

    entities: EffectSet
    time: Floats
    centre: Floats
    spread: Floats

    @classmethod
    def of(cls, entities: EffectSet, period: Ints, weights: Floats) -> LevelTrends:
        """Return the trends of a set's levels in the rows' periods, (n_obs,)."""
        time = period - np.average(period, weights=weights)
        codes, n_levels = entities.codes, entities.n_levels
        totals = np.bincount(codes, weights, n_levels)
        centre = np.bincount(codes, weights * time, n_levels) / totals
        spread = np.sqrt(np.bincount(codes, weights * (time - centre[codes]) ** 2, n_levels))
        return cls(entities, time, centre, np.where(spread > 1e-9 * np.sqrt(totals), spread, 0.0))

    @property
    def has_slope(self) -> Mask:
        """Whether a level has a slope of its own, (n_levels,)."""
        return self.spread > 0.0

    @property
    def inverse_spread(self) -> Floats:
        """One over `spread`, (n_levels,); zero for a level without a slope."""
        return np.divide(1.0, self.spread, out=np.zeros_like(self.spread), where=self.has_slope)


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of two sets of effects that hang together by their rows.

    Attributes
    ----------
    n_parts : how many
    of_first, of_second : (n_levels,) of each set, the part of its levels, numbered from zero
    """

    n_parts: int
    of_first: Ints
    of_second: Ints


@dataclass(frozen=True, eq=False)
class EffectDesign:
    """Sets of effects over the rows of a fit.

    Attributes
    ----------
    sets : at least one
    weights : (n_obs,), > 0, of least squares
    trend : slopes in time for the levels of one of the sets; None without
    """

    sets: tuple[EffectSet, ...]
    weights: Floats
    trend: LevelTrends | None = None

    def take(self, rows: Ints, period: Ints) -> EffectDesign:
        """Return the design of some rows, (n_rows,) positions, in these periods, with the same sets."""
        sets, weights = tuple(levels.take(rows) for levels in self.sets), self.weights[rows]
        if self.trend is None:
            return EffectDesign(sets, weights)
        entities = sets[self.sets.index(self.trend.entities)]
        return EffectDesign(sets, weights, LevelTrends.of(entities, period, weights))

    def parts(self, first: EffectSet, second: EffectSet) -> Parts:
        """Return how two of the sets hang together; it is found once."""
        if (first, second) not in self._parts:
            self._parts[first, second] = _connected_parts(first, second)
        return self._parts[first, second]

    @cached_property
    def _parts(self) -> dict[tuple[EffectSet, EffectSet], Parts]:
        return {}

    def totals(self, effect_set: EffectSet) -> Floats:
        """Return the weight of each level's rows, (n_levels,)."""
        return effect_set.sums(self.weights)

    def residuals(self, values: Floats) -> Floats:
        """Return the residuals of a column, (n_obs,), on the effects, by weighted least squares.

        Raises
        ------
        EstimationError
            As by `solve`.
        """
        root = np.sqrt(self.weights)
        residual = values * root
        for _ in range(_PASSES):
            residual = residual - self._matrix @ self._solve(residual)
        return np.asarray(residual / root)

    def solve(self, values: Floats) -> tuple[tuple[Floats, ...], Floats]:
        """Return the effects that explain a column, (n_obs,), best, and the slopes in time.

        Of the solutions, which differ by what sets share, it is the one with the smallest effects.

        Returns
        -------
        (n_levels,) for each set, in units of the column at time zero for the set with trends; and slopes per
        period, (n_levels,), zero for a level without one, or empty without trends.

        Raises
        ------
        EstimationError
            Where the solution is not found within a number of steps.
        """
        root = np.sqrt(self.weights)
        found = self._solve(values * root)
        parts = np.split(found, np.cumsum([levels.n_levels for levels in self.sets]))
        effects = [
            part / np.sqrt(self.totals(levels)) for levels, part in zip(self.sets, parts, strict=False)
        ]
        if self.trend is None:
            return tuple(effects), np.empty(0)
        slopes = np.asarray(parts[-1] * self.trend.inverse_spread)
        effects[self.sets.index(self.trend.entities)] -= slopes * self.trend.centre
        return tuple(effects), slopes

    @cached_property
    def _matrix(self) -> csr_array:
        """Columns of unit length, (n_obs, n_effects), times the roots of the weights."""
        from scipy.sparse import csr_array

        root = np.sqrt(self.weights)
        columns, values, offset = [], [], 0
        for levels in self.sets:
            columns.append(levels.codes + offset)
            values.append(root / np.sqrt(self.totals(levels))[levels.codes])
            offset += levels.n_levels
        if self.trend is not None:
            codes = self.trend.entities.codes
            columns.append(codes + offset)
            distance = self.trend.time - self.trend.centre[codes]
            values.append(root * distance * self.trend.inverse_spread[codes])
            offset += self.trend.entities.n_levels
        n_obs, per_row = self.weights.size, len(columns)
        data, indices = np.column_stack(values).ravel(), np.column_stack(columns).ravel()
        starts = np.arange(n_obs + 1, dtype=np.int64) * per_row
        return csr_array((data, indices, starts), shape=(n_obs, offset))

    def _solve(self, target: Floats) -> Floats:
        """Return the shortest least squares solution (LSMR, Fong & Saunders 2011)."""
        from scipy.sparse.linalg import lsmr

        if not target.any():
            return np.zeros(self._matrix.shape[1])
        found, stop, *_ = lsmr(
            self._matrix, target, atol=_TOLERANCE, btol=_TOLERANCE, conlim=0.0, maxiter=_MOST_STEPS
        )
        if stop == 7:
            what = plugin.Coded(
                "the categories of {name} overlap too little to solve for their effects in "
                "{MOST_STEPS} steps",
                name=", ".join(levels.name for levels in self.sets),
                MOST_STEPS=_MOST_STEPS,
            )
            hint = marked("absorb fewer effects, or drop categories with few rows")
            raise plugin.EstimationError(plugin.Problem("effects", what, hint=hint))
        return np.asarray(found)


def _connected_parts(first: EffectSet, second: EffectSet) -> Parts:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = first.n_levels + second.n_levels
    pairs, _ = plugin.numbered(first.codes * second.n_levels + second.codes)
    ends = np.divmod(pairs, second.n_levels)
    graph = coo_array((np.ones(pairs.size), (ends[0], ends[1] + first.n_levels)), shape=(size, size))
    n_parts, numbers = connected_components(graph, directed=False)
    part: Ints = numbers.astype(np.int64)
    return Parts(int(n_parts), part[: first.n_levels], part[first.n_levels :])


def count_effects(design: EffectDesign, sets: Sequence[EffectSet] | None = None) -> int:
    """Return the number of independent effects, slopes in time included; the constant is one of them.

    Exact for one and two sets. Of three or more it is an upper bound: of each set as many are taken off as it
    has connected parts with the larger set that it shares most with. Of the slopes as many are taken off as
    sets of periods hold already, one a connected part.

    Parameters
    ----------
    sets : those of the design that are counted; None counts all
    """
    ordered = sorted(design.sets if sets is None else sets, key=lambda levels: -levels.n_levels)
    counted, trend = ordered[0].n_levels, design.trend
    for at, smaller in enumerate(ordered[1:], start=1):
        counted += smaller.n_levels - max(design.parts(larger, smaller).n_parts for larger in ordered[:at])
    if trend is None or trend.entities not in ordered:
        return counted
    shared = [
        design.parts(trend.entities, levels).n_parts
        for levels in ordered
        if levels is not trend.entities and times_of_levels(levels, trend.time) is not None
    ]
    return counted + int(np.count_nonzero(trend.has_slope)) - max(shared, default=0)


def count_outside(design: EffectDesign, clusters: Sequence[plugin.Grouping]) -> int:
    """Return the number of independent effects, those of levels within clusters of some kind taken as one."""
    inside = [levels for levels in design.sets if any(levels.is_within(cluster) for cluster in clusters)]
    return count_effects(design) - (count_effects(design, inside) - 1 if inside else 0)


def times_of_levels(effect_set: EffectSet, time: Floats) -> Floats | None:
    """Return the one time of each level's rows, (n_levels,); None where a level has rows of several."""
    times = np.empty(effect_set.n_levels)
    times[effect_set.codes] = time
    return times if np.array_equal(times[effect_set.codes], time) else None


@dataclass(frozen=True, eq=False)
class FeolsModels:
    """Linear models, one a draw, with the same columns and the same levels.

    Attributes
    ----------
    levels : columns and the effects of every set
    origin : period of the calendar at which trends are zero
    trends : slopes in time of the entities, outcome units per period: the mean slope as the intercept, which
        an entity without a row gets, and the deviations from it as effects; None without
    """

    levels: AbsorbingModels
    origin: float
    trends: AbsorbingModels | None = None

    @classmethod
    def stacked(cls, models: Sequence[FeolsModels]) -> FeolsModels:
        """Return models of the same levels as one; columns are centred as in the first."""
        first = models[0]
        moved = [model.at(first.levels.centre, first.origin) for model in models]
        trends = [model.trends for model in moved if model.trends is not None]
        levels = plugin.stacked([model.levels for model in moved])
        return cls(levels, first.origin, plugin.stacked(trends) if trends else None)

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
        slopes = self.trends.intercepts[:, None] + self.trends.effects[0].of_rows(panel)
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

        def known(models: AbsorbingModels) -> AbsorbingModels:
            found = []
            for effects in models.effects:
                levels = whole[effects.effect]
                deviations = np.zeros((len(effects.deviations), levels.n_levels))
                deviations[:, np.unique(levels.codes[rows])] = effects.deviations
                found.append(AbsorbedEffects(levels.effect, levels.labels, deviations))
            return replace(models, effects=tuple(found))

        trends = None if self.trends is None else known(self.trends)
        return replace(self, levels=known(self.levels), trends=trends)

    def at(self, centre: Floats, origin: float) -> FeolsModels:
        """Return the same models with other columns, (n_columns,), and another period in the middle."""
        intercepts = self.levels.intercepts + self.levels.slopes @ (centre - self.levels.centre)
        effects = self.levels.effects
        if self.trends is not None:
            later, slopes = origin - self.origin, self.trends.effects[0]
            intercepts = intercepts + self.trends.intercepts * later
            effects = tuple(
                replace(effects, deviations=effects.deviations + later * slopes.deviations)
                if effects.effect == slopes.effect
                else effects
                for effects in effects
            )
        levels = AbsorbingModels(centre, self.levels.slopes, intercepts, effects)
        return replace(self, levels=levels, origin=origin)


def level_model(panel: Panel, design: EffectDesign, slopes: Floats) -> FeolsModels:
    """Return the model with these slopes, (n_columns,), and the effects that fit its training rows best.

    What sets share, such as a city and its region, goes to the set with the most levels, or to the entities
    where they have trends; the others have a mean of zero in every part of the panel that hangs together, and
    sets of periods no common trend there.
    """
    weights, sets, trend = design.weights, design.sets, design.trend
    centre = weights @ panel.X / weights.sum()
    residual = panel.observed - (panel.X - centre) @ slopes
    middle = float(np.average(residual, weights=weights))
    values, in_time = design.solve(residual - middle)
    largest = max(range(len(sets)), key=lambda at: (sets[at].n_levels, -at))
    holder = largest if trend is None else sets.index(trend.entities)
    for at in range(len(sets)):
        if at != holder:
            _move_shared(design, values, in_time, at, holder)
    trends = None
    if trend is not None:
        # Entities of one period get the mean slope, and an effect with which their rows fit as before.
        counted, entities = design.totals(trend.entities) * trend.has_slope, trend.entities
        mean = float(np.average(in_time, weights=counted)) if trend.has_slope.any() else 0.0
        change = np.where(trend.has_slope, 0.0, mean - in_time)
        values[holder][:] -= change * trend.centre
        deviations = AbsorbedEffects(entities.effect, entities.labels, (in_time + change - mean)[None])
        trends = AbsorbingModels(np.empty(0), np.empty((1, 0)), np.array([mean]), (deviations,))
    pairs = list(zip(sets, values, strict=True))
    means = [np.average(value[levels.codes], weights=weights) for levels, value in pairs]
    effects = tuple(
        AbsorbedEffects(levels.effect, levels.labels, (value - mean)[None])
        for (levels, value), mean in zip(pairs, means, strict=True)
    )
    intercepts = np.array([middle + float(np.sum(means))])
    origin = float(np.average(panel.period, weights=weights))
    return FeolsModels(AbsorbingModels(centre, slopes[None], intercepts, effects), origin, trends)


def _move_shared(
    design: EffectDesign, values: Sequence[Floats], in_time: Floats, at: int, holder: int
) -> None:
    """Move, in place, what a set shares with the one that holds it to that.

    It leaves the set a mean of zero, and no trend if it is one of periods, in every part of the panel.

    Parameters
    ----------
    values : (n_levels,) effects of each set of the design
    in_time : (n_levels,) slopes of the set with trends, or empty
    at, holder : positions of the set and of the one that holds what they share
    """
    levels, own, held, trend = design.sets[at], values[at], values[holder], design.trend
    found = design.parts(design.sets[holder], levels)
    n_parts, parts_held, parts = found.n_parts, found.of_first, found.of_second
    totals = design.totals(levels)
    means = np.bincount(parts, totals * own, n_parts) / np.bincount(parts, totals, n_parts)
    own -= means[parts]
    held += means[parts_held]
    times = None if trend is None else times_of_levels(levels, trend.time)
    if times is None:
        return
    middle = np.bincount(parts, totals * times, n_parts) / np.bincount(parts, totals, n_parts)
    distance = times - middle[parts]
    spread = np.bincount(parts, totals * distance**2, n_parts)
    covered = np.bincount(parts, totals * distance * own, n_parts)
    steepness = np.divide(covered, spread, out=np.zeros(n_parts), where=spread > 0.0)
    own -= steepness[parts] * distance
    in_time += steepness[parts_held]
    held -= (steepness * middle)[parts_held]
