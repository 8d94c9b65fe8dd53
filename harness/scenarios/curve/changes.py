"""Rises and falls of a curve that the draws can tell from wiggles, and where one turns into the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Mask
from harness.scenarios.sup_t import StudentisedCurves
from harness.scenarios.support import WINDOW

Extreme = Literal["minimum", "maximum"]

ROUNDING = 1e-9
"""Share of the numbers that a curve was computed from by which it may change in arithmetic alone."""

CRITICAL_POINTS = 50
"""Grid points, evenly taken, between which the critical value of changes is simulated."""


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
    reach = _critical_change(StudentisedCurves.like(draws, rng), far, level=level) * error
    estimate, shared = curve[None, :] - curve[:, None], centre[None, :] - centre[:, None]
    rises = far & (np.minimum(estimate, shared) > reach)
    falls = far & (np.maximum(estimate, shared) < -reach)
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
    """Return the places where a curve turns from a significant rise to a significant fall, or the reverse.

    Walking along the grid, the curve is on the rise once the change from its least point so far is a
    significant rise, or a slope since then is. The greatest point since then is a maximum once the change
    from there, or a slope, is a significant fall; then the curve is on the fall, and so on.

    Parameters
    ----------
    curve : (n_grid,)
    signs : (n_grid, n_grid), see `significant_changes`
    slopes : (n_grid,), signs of the slopes that are told from zero, which are zero elsewhere
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
    established : places to keep in any case
    scale : size of the numbers that the curve was computed from; a change within `ROUNDING` of it is none
    """
    change = curve[None, :] - curve[:, None]
    signs = np.sign(np.where(np.abs(change) > ROUNDING * scale, change, 0.0))
    extremes = list(alternating_extremes(curve, signs.astype(np.int64)))
    while (wiggle := _least_wiggle(at, curve, [place for place, _ in extremes], established)) is not None:
        del extremes[wiggle : wiggle + 2]
    return extremes


def _least_wiggle(
    at: Floats, curve: Floats, places: Sequence[int], established: Collection[int]
) -> int | None:
    """Return which two neighbouring places are a wiggle, by the position of the first, if any are."""
    heights = np.abs(np.diff(curve[[0, *places, -1]]))
    near = WINDOW * np.ptp(at)
    wiggles = [
        (heights[which + 1], which)
        for which, (place, following) in enumerate(pairwise(places))
        if at[following] - at[place] < near
        and heights[which + 1] <= min(heights[which], heights[which + 2])
        and not {place, following}.intersection(established)
    ]
    return min(wiggles)[1] if wiggles else None
