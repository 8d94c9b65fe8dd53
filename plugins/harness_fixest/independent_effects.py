"""How many effects are independent, and how many of them lie within clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.plugin import EffectSet, Floats
from harness_fixest.effect_design import EffectDesign, LevelTrends


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


def is_counted_exactly(design: EffectDesign) -> bool:
    """Return whether `count_effects` is the number itself, and no bound."""
    return len(design.sets) <= 2


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
