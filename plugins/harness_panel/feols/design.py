"""How many effects are independent, and how many of them lie within clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import EffectSet, EstimationError, Floats, Ints, Mask, Problem, numbered

if TYPE_CHECKING:
    from scipy.sparse import csr_array


_TOLERANCE = 1e-13
_MOST_STEPS = 10_000
_PASSES = 2
"""The second pass takes out what the first, relative to the size of a column, left as rounding."""


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
        has_slope = spread > 1e-9 * np.sqrt(totals)
        return cls(entities, time, centre, np.where(has_slope, spread, 0.0))

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
            what = (
                f"the levels of {', '.join(levels.name for levels in self.sets)} hang together too "
                f"loosely to be solved for in {_MOST_STEPS} steps"
            )
            hint = "absorb fewer effects, or leave out levels with few rows"
            raise EstimationError(Problem("effects", what, hint=hint))
        return np.asarray(found)


def _connected_parts(first: EffectSet, second: EffectSet) -> Parts:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = first.n_levels + second.n_levels
    pairs, _ = numbered(first.codes * second.n_levels + second.codes)
    ends = np.divmod(pairs, second.n_levels)
    graph = coo_array((np.ones(pairs.size), (ends[0], ends[1] + first.n_levels)), shape=(size, size))
    n_parts, numbers = connected_components(graph, directed=False)
    part: Ints = numbers.astype(np.int64)
    return Parts(int(n_parts), part[: first.n_levels], part[first.n_levels :])


def count_effects(design: EffectDesign) -> int:
    """Return the number of independent effects, slopes in time included; the constant is one of them.

    Exact for one and two sets. Of three or more it is an upper bound: of each set as many are taken off as it
    has connected parts with the larger set that it shares most with.
    """
    return _count(design, design.sets, design.trend)


def count_outside(design: EffectDesign, clusters: Sequence[EffectSet]) -> int:
    """Return the number of independent effects, those of levels within clusters of some kind taken as one."""
    inside = tuple(levels for levels in design.sets if any(levels.is_within(cluster) for cluster in clusters))
    if not inside:
        return count_effects(design)
    trend = design.trend if design.trend is not None and design.trend.entities in inside else None
    return count_effects(design) - _count(design, inside, trend) + 1


def _count(design: EffectDesign, sets: Sequence[EffectSet], trend: LevelTrends | None) -> int:
    ordered = sorted(sets, key=lambda levels: -levels.n_levels)
    counted = ordered[0].n_levels
    for at, smaller in enumerate(ordered[1:], start=1):
        counted += smaller.n_levels - max(design.parts(larger, smaller).n_parts for larger in ordered[:at])
    return counted + (_count_slopes(design, ordered, trend) if trend is not None else 0)


def _count_slopes(design: EffectDesign, sets: Sequence[EffectSet], trend: LevelTrends) -> int:
    """Return the number of slopes less those that sets of periods hold already, one a connected part."""
    shared = [
        design.parts(trend.entities, levels).n_parts
        for levels in sets
        if levels is not trend.entities and times_of_levels(levels, trend.time) is not None
    ]
    return int(np.count_nonzero(trend.has_slope)) - max(shared, default=0)


def times_of_levels(effect_set: EffectSet, time: Floats) -> Floats | None:
    """Return the one time of each level's rows, (n_levels,); None where a level has rows of several."""
    times = np.empty(effect_set.n_levels)
    times[effect_set.codes] = time
    return times if np.array_equal(times[effect_set.codes], time) else None
