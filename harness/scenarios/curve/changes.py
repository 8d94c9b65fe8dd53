"""Rises and falls of a curve that the draws can tell from wiggles, and where one turns into the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from harness.arrays import Floats, Ints
from harness.scenarios.support import WINDOW

Extreme = Literal["minimum", "maximum"]


def significant_changes(at: Floats, curve: Floats, draws: Floats, *, level: float) -> Ints:
    """Return the sign of the change from each grid point to each later one, (n_grid, n_grid).

    Zero where a band around the change includes zero, be it around that of the curve or around the mean of
    the draws': a change that the draws do not share is none. The band is one-sided and simultaneous over all
    pairs of points at least `WINDOW` of the range apart: the sup-t band of Montiel Olea and Plagborg-Moller
    (2019) from the draws. Closer points are not told apart, and have zero.

    Parameters
    ----------
    at : (n_grid,), increasing, the exposure's unit
    curve : (n_grid,), outcome units
    draws : (n_draws, n_grid)
    level : in (0, 1), chance that no rise at all is taken for a fall, and that no fall is taken for a rise
    """
    start, end = np.nonzero(at[None, :] - at[:, None] >= WINDOW * np.ptp(at))
    change = draws[:, end] - draws[:, start]
    error = change.std(axis=0, ddof=1)
    centre = change.mean(axis=0)
    deviation = change - centre
    ratio = np.divide(deviation, error, out=np.zeros_like(deviation), where=error > 0.0)
    factor = np.quantile(np.concatenate([ratio.max(axis=1), -ratio.min(axis=1)]), level)
    estimate = curve[end] - curve[start]
    signs = np.zeros((at.size, at.size), dtype=np.int64)
    rises = np.minimum(estimate, centre) > factor * error
    falls = np.maximum(estimate, centre) < -factor * error
    signs[start, end] = rises.astype(np.int64) - falls.astype(np.int64)
    return signs


def alternating_extremes(curve: Floats, signs: Ints) -> Sequence[tuple[int, Extreme]]:
    """Return the places where a curve turns from a significant rise to a significant fall, or the reverse.

    Walking along the grid, the curve is on the rise once the change from its least point so far is a
    significant rise. The greatest point since then is a maximum once the change from there is a significant
    fall; then the curve is on the fall, and so on.

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
