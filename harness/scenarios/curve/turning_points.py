"""Turning points of a curve: interior extremes, each with an interval, and whether the draws establish it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Mask
from harness.scenarios.bands import StudentisedCurves, limits_of
from harness.scenarios.grid import WINDOW, longest_run

Extreme = Literal["minimum", "maximum"]

# Share of the numbers that a curve was computed from by which it may change in arithmetic alone.
ROUNDING = 1e-9

# Grid points, evenly taken, between which the critical value of changes is simulated.
CRITICAL_POINTS = 50


def significant_changes(at: Floats, curve: Floats, draws: Floats, *, level: float, rng: Generator) -> Ints:
    """Return the sign of the change from each grid point to each later one, (n_grid, n_grid).

    Zero where a band around the change includes zero, be it around that of the curve or around the mean of
    the draws': a change that the draws do not share is none. The band is one-sided and simultaneous over all
    pairs of points at least `WINDOW` of the range apart, with the critical value that simultaneous bands of
    curves have (see `StudentisedCurves`). Closer points are not told apart, and have zero.

    Parameters
    ----------
    at : (n_grid,), increasing, the exposure's unit
    curve : (n_grid,), outcome units
    draws : (n_draws, n_grid)
    level : in (0, 1), chance that no rise at all is taken for a fall, and that no fall is taken for a rise
    rng : of the critical value
    """
    far = at[None, :] - at[:, None] >= WINDOW * np.ptp(at)
    centre = draws.mean(axis=0)
    error = np.stack([(draws - draws[:, [start]]).std(axis=0, ddof=1) for start in range(at.size)])
    half_width = _critical_change(StudentisedCurves.like(draws, rng), far, level=level) * error
    estimate, shared = curve[None, :] - curve[:, None], centre[None, :] - centre[:, None]
    rises = far & (np.minimum(estimate, shared) > half_width)
    falls = far & (np.maximum(estimate, shared) < -half_width)
    return np.asarray(rises.astype(np.int64) - falls.astype(np.int64))


def significant_slopes(slope: Floats, low: Floats, high: Floats) -> Ints:
    """Return the sign of each slope, (n_grid,): zero where its band, or the slope itself, denies it.

    Parameters
    ----------
    slope : (n_grid,), of the fit
    low, high : (n_grid,), its band
    """
    rises, falls = (low > 0.0) & (slope > 0.0), (high < 0.0) & (slope < 0.0)
    return np.asarray(rises.astype(np.int64) - falls.astype(np.int64))


def _critical_change(curves: StudentisedCurves, far: Mask, *, level: float) -> float:
    """Return the quantile of the greatest studentised rise, and of the greatest fall, between grid points."""
    some = np.unique(np.linspace(0, len(far) - 1, min(len(far), CRITICAL_POINTS)).round().astype(np.int64))
    loadings = curves.loadings[some]
    largest = np.zeros((2, len(curves.coefficients)))
    for start, ends in enumerate(far[np.ix_(some, some)]):
        if ends.any():
            np.maximum(largest, curves.greatest(loadings[ends] - loadings[start]), out=largest)
    return float(np.quantile(largest, level))


def alternating_extremes(
    curve: Floats, signs: Ints, slopes: Ints | None = None
) -> Sequence[tuple[int, Extreme]]:
    """Return the positions where a curve turns from a significant rise to a significant fall, or the reverse.

    Walking along the grid, the curve is on the rise once the change from its least point so far is a
    significant rise, or a slope since then is. The greatest point since then is a maximum once the change
    from there, or a slope, is a significant fall; then the curve is on the fall, and so on.

    Parameters
    ----------
    curve : (n_grid,)
    signs : (n_grid, n_grid), see `significant_changes`
    slopes : (n_grid,), signs of the slopes that differ significantly from zero, which are zero elsewhere
    """
    steep = np.zeros(curve.size, dtype=np.int64) if slopes is None else slopes
    extremes: list[tuple[int, Extreme]] = []
    direction, since = 0, 0
    for here in range(curve.size):
        for towards in (1, -1) if direction == 0 else (-direction,):
            turn = since + int(np.argmin(towards * curve[since : here + 1]))
            if signs[turn, here] == towards or (steep[turn : here + 1] == towards).any():
                if direction:
                    extremes.append((turn, "minimum" if towards > 0 else "maximum"))
                direction, since = towards, turn
                break
    return extremes


def own_extremes(
    at: Floats, curve: Floats, established: Collection[int], *, scale: float
) -> Sequence[tuple[int, Extreme]]:
    """Return a curve's interior minima and maxima, alternating, whether or not the draws can tell them.

    A rise and fall within less than `WINDOW` of the range is a wiggle and left out, unless it is steeper than
    the curve on both sides of it, or the draws can tell it.

    Parameters
    ----------
    at, curve : (n_grid,)
    established : positions to keep in any case
    scale : size of the numbers that the curve was computed from; a change within `ROUNDING` of it is none
    """
    change = curve[None, :] - curve[:, None]
    signs = np.sign(np.where(np.abs(change) > ROUNDING * scale, change, 0.0))
    extremes = list(alternating_extremes(curve, signs.astype(np.int64)))
    while (wiggle := _least_wiggle(at, curve, [place for place, _ in extremes], established)) is not None:
        del extremes[wiggle : wiggle + 2]
    return extremes


def _least_wiggle(
    at: Floats, curve: Floats, positions: Sequence[int], established: Collection[int]
) -> int | None:
    """Return which two neighbouring positions are a wiggle, by the position of the first, if any are."""
    heights = np.abs(np.diff(curve[[0, *positions, -1]]))
    near = WINDOW * np.ptp(at)
    wiggles = [
        (heights[which + 1], which)
        for which, (place, following) in enumerate(pairwise(positions))
        if at[following] - at[place] < near
        and heights[which + 1] <= min(heights[which], heights[which + 2])
        and not {place, following}.intersection(established)
    ]
    return min(wiggles)[1] if wiggles else None


@dataclass(frozen=True)
class TurningPoint:
    """An interior extreme.

    Attributes
    ----------
    kind : minimum or maximum
    at : the exposure there
    conf_low, conf_high : percentile interval of `at` over the draws that have the extreme; NaN where none has
    estimate : the curve there, outcome units
    share_of_draws : in [0, 1], draws whose own extreme between the neighbouring turning points is interior
    is_established : whether there is a significant rise on one side and a significant fall on the other, be
        it of the curve or of its slope
    """

    kind: Extreme
    at: float
    conf_low: float
    conf_high: float
    estimate: float
    share_of_draws: float
    is_established: bool


def turning_points(
    at: Floats,
    curve: Floats,
    draws: Floats,
    *,
    slopes: Ints | None = None,
    supported: Mask,
    level: float,
    rng: Generator,
) -> tuple[TurningPoint, ...]:
    """Return the interior extremes of a curve on its longest supported stretch; none where it has none.

    One is significant if there is a significant rise on one side and a significant fall on the other, where
    the changes between all pairs of grid points are tested at once. So for a curve that is truly flat or
    monotone one is significant with a chance of at most one less `level`, however fine the grid and wiggly
    the estimate. The simultaneous band of the slope is a second such test, with the same chance: a curve that
    it says rises here and falls there turns between the two, though neither change may stand out among those
    of all pairs. Draws are matched by place: each is searched for its extreme between the two neighbouring
    turning points, of an established one between the established neighbours.

    Parameters
    ----------
    at : (n_grid,), increasing, the exposure's unit
    curve : (n_grid,), outcome units
    draws : (n_draws, n_grid)
    slopes : (n_grid,), see `significant_slopes`; None where these are not asked
    supported : (n_grid,)
    level : in (0, 1), of the test and of the intervals
    rng : of the test's critical value
    """
    stretch = longest_run(supported)
    at, curve, draws = at[stretch], curve[stretch], draws[:, stretch]
    if at.size < 3:
        return ()
    signs = significant_changes(at, curve, draws, level=level, rng=rng)
    sure = alternating_extremes(curve, signs, None if slopes is None else slopes[stretch])
    own = own_extremes(at, curve, {place for place, _ in sure}, scale=float(np.abs(curve).max()))
    found = []
    for place, kind in own:
        is_established = (place, kind) in sure
        between = _between(place, sure if is_established else own, at.size)
        drawn = draws[:, between] if kind == "maximum" else -draws[:, between]
        positions = drawn.argmax(axis=1)
        interior = np.flatnonzero((positions > 0) & (positions < drawn.shape[1] - 1))
        turns = vertices(at[between], drawn[interior], positions[interior])
        limits = limits_of(turns, level=level)
        vertex = float(vertices(at, curve[None], np.array([place]))[0])
        height, share = float(np.interp(vertex, at, curve)), interior.size / len(draws)
        found.append(TurningPoint(kind, vertex, *limits, height, share, is_established))
    return tuple(found)


def _between(place: int, extremes: Sequence[tuple[int, Extreme]], n_grid: int) -> slice:
    """Return the stretch from the extreme before a place to the one after it, or to the ends of the grid."""
    positions = [0, *(at for at, _ in extremes), n_grid - 1]
    return slice(max(at for at in positions if at < place), min(at for at in positions if at > place) + 1)


def vertices(at: Floats, curves: Floats, positions: Ints) -> Floats:
    """Return where parabolas through an extreme of each curve and its two neighbours turn, (n_curves,).

    Parameters
    ----------
    at : (n_grid,), increasing
    curves : (n_curves, n_grid)
    positions : (n_curves,), of extremes; interior ones
    """
    x = np.stack([at[positions - 1], at[positions], at[positions + 1]])
    y = np.stack([curves[np.arange(positions.size), positions + step] for step in (-1, 0, 1)])
    slopes = np.diff(y, axis=0) / np.diff(x, axis=0)
    middle = (x[:-1] + x[1:]) / 2.0
    bend = slopes[0] - slopes[1]
    share = np.divide(slopes[0], bend, out=np.full_like(bend, 0.5), where=bend != 0.0)
    vertex: Floats = middle[0] + share * (middle[1] - middle[0])
    return vertex
