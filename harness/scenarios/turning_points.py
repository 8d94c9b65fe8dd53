"""Turning points of a curve: interior extremes that the draws can tell from wiggles.

A turning point is reported where the curve rises and falls, or falls and rises, by more than chance: among all
pairs of grid points at least `WINDOW` of the range apart, the changes from one to the other have a sup-t band
from the draws (Montiel Olea and Plagborg-Moller 2019), and both sides of a turning point must have a change
whose band excludes zero. So on a curve that is truly flat or monotone, a turning point is found with a chance
of at most one less the band's level, however many grid points there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints, Mask
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.support import WINDOW

Extreme = Literal["minimum", "maximum"]


@dataclass(frozen=True)
class TurningPoint:
    """An interior extreme.

    Attributes
    ----------
    kind : minimum or maximum
    at, low, high : the exposure and its percentile interval over the draws that have it, exposure's unit
    estimate : the curve there, at the nearest grid point, outcome units
    share : of the draws that have it: their extreme between the neighbouring turning points is interior
    """

    kind: Extreme
    at: float
    low: float
    high: float
    estimate: float
    share: float


@dataclass(frozen=True)
class Bend:
    """Position of an extreme on the grid, and the stretch on which draws are searched for the same one."""

    kind: Extreme
    place: int
    first: int
    last: int


def turning_points(
    at: Floats, curve: Floats, draws: Floats, *, supported: Mask, level: float
) -> tuple[TurningPoint, ...]:
    """Return the turning points of a curve on the longest supported stretch of its grid; none is an answer.

    Parameters
    ----------
    at : (n_grid,), increasing, the exposure's unit
    curve : (n_grid,), outcome units
    draws : (n_draws, n_grid)
    supported : (n_grid,)
    level : in (0, 1), of the band on changes and of the intervals
    """
    stretch = longest_run(supported)
    at, curve, draws = at[stretch], curve[stretch], draws[:, stretch]
    if at.size < 3:
        return ()
    bends = _bends(curve, significant_changes(at, curve, draws, level=level))
    return tuple(_measured(bend, at, curve, draws, level=level) for bend in bends)


def longest_run(marked: Mask) -> slice:
    """Return the longest stretch of marked grid points, the first of equals; empty where none is marked."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    if edges.size == 0:
        return slice(0, 0)
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return slice(int(starts[longest]), int(ends[longest]))


def significant_changes(at: Floats, curve: Floats, draws: Floats, *, level: float) -> Ints:
    """Return the sign of the change from each grid point to each later one, (n_grid, n_grid).

    Zero where the simultaneous band on all changes includes zero, and for points closer than `WINDOW`.
    """
    signs = np.zeros((at.size, at.size), dtype=np.int64)
    start, end = np.nonzero(np.subtract.outer(at, at).T >= WINDOW * np.ptp(at))
    change = draws[:, end] - draws[:, start]
    error = change.std(axis=0, ddof=1)
    spread = np.abs(change - change.mean(axis=0))
    ratio = np.divide(spread, error, out=np.zeros_like(spread), where=error > 0.0)
    factor = np.quantile(ratio.max(axis=1), level)
    estimate = curve[end] - curve[start]
    signs[start, end] = np.where(np.abs(estimate) > factor * error, np.sign(estimate), 0.0)
    return signs


def _bends(curve: Floats, signs: Ints) -> Iterator[Bend]:
    """Yield extremes with a significant change on either side, with the stretch between their neighbours."""
    extremes = alternating_extremes(curve, signs)
    places = [0, *(place for place, _ in extremes), curve.size - 1]
    for (before, after), (place, kind) in zip(zip(places, places[2:], strict=False), extremes, strict=True):
        yield Bend(kind, place, before, after)


def alternating_extremes(curve: Floats, signs: Ints) -> Sequence[tuple[int, Extreme]]:
    """Return places where a curve turns from a significant rise to a significant fall, or the reverse.

    Walking along the grid, the walk is on the rise once the change from the least point so far is a
    significant rise. The greatest point since is a maximum once the change from there on is a significant
    fall; then the walk is on the fall, and so on.

    Parameters
    ----------
    curve : (n_grid,)
    signs : (n_grid, n_grid), see `significant_changes`
    """
    extremes: list[tuple[int, Extreme]] = []
    direction, since = 0, 0
    for here in range(curve.size):
        for towards in (1, -1) if direction == 0 else (-direction,):
            turn = since + int(np.argmin(towards * curve[since : here + 1]))
            if signs[turn, here] == towards:
                if direction:
                    extremes.append((turn, "minimum" if towards > 0 else "maximum"))
                direction, since = towards, turn
                break
    return extremes
