"""Moderator values at which the conditional effect changes its sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Mask
from harness.scenarios.bands import pointwise_limits, simultaneous_limits
from harness.scenarios.grid import longest_run

Change = Literal["negative_to_positive", "positive_to_negative"]


@dataclass(frozen=True)
class Threshold:
    """A change of sign.

    Attributes
    ----------
    kind : from which sign to which, as the moderator grows
    at : the moderator there
    conf_low, conf_high : percentile interval of `at` over the draws that have the change; NaN where none has
    share_of_draws : in [0, 1], draws that have it between the outer ends of the two stretches of one sign
    """

    kind: Change
    at: float
    conf_low: float
    conf_high: float
    share_of_draws: float


def thresholds(
    at: Floats, effect: Floats, draws: Floats, *, supported: Mask, level: float, rng: Generator
) -> tuple[Threshold, ...]:
    """Return the changes of sign on the longest supported stretch of a grid; none is an answer.

    The effect must be told from zero on both sides: where the simultaneous band excludes zero from below, and
    further on from above, or the reverse. So an effect that truly keeps its sign, or is zero, is given a
    threshold with a chance of at most one less `level`.

    Parameters
    ----------
    at : (n_grid,), increasing, the moderator's unit
    effect : (n_grid,), outcome units per unit of exposure
    draws : (n_draws, n_grid)
    supported : (n_grid,)
    level : in (0, 1), of the band and of the intervals
    rng : of the band
    """
    stretch = longest_run(supported)
    at, effect, draws = at[stretch], effect[stretch], draws[:, stretch]
    if at.size < 2:
        return ()
    low, high = simultaneous_limits(draws, level=level, among=np.ones(at.size, dtype=np.bool_), rng=rng)
    runs = sign_runs(np.where(low > 0.0, 1, np.where(high < 0.0, -1, 0)))
    found = (
        _measured(at, effect, draws, before=before, after=after, level=level)
        for before, after in pairwise(runs)
    )
    return tuple(threshold for threshold in found if threshold is not None)


@dataclass(frozen=True)
class SignRun:
    """A stretch of a grid between whose first and last place no place has the other sign."""

    sign: int
    first: int
    last: int


def sign_runs(signs: Ints) -> Sequence[SignRun]:
    """Return the runs of equal signs, (n_grid,) of -1, 0 and 1, passing over zeros."""
    runs: list[SignRun] = []
    for place in np.flatnonzero(signs).tolist():
        sign = int(signs[place])
        if runs and runs[-1].sign == sign:
            runs[-1] = SignRun(sign, runs[-1].first, place)
        else:
            runs.append(SignRun(sign, place, place))
    return runs


def _measured(
    at: Floats, effect: Floats, draws: Floats, *, before: SignRun, after: SignRun, level: float
) -> Threshold | None:
    """Return the change between two runs; None where the estimate itself, unlike its draws, has none."""
    inner, outer = slice(before.last, after.first + 1), slice(before.first, after.last + 1)
    own = crossings(at[inner], after.sign * effect[None, inner])
    own = own[np.isfinite(own)]
    if not own.size:
        return None
    place = float(own[own.size // 2])
    theirs = crossings(at[outer], after.sign * draws[:, outer])
    distance = np.where(np.isfinite(theirs), np.abs(theirs - place), np.inf)
    nearest = distance.argmin(axis=1)
    found = np.take_along_axis(theirs, nearest[:, None], axis=1)[:, 0]
    found = found[np.isfinite(found)]
    low, high = pointwise_limits(found, level=level) if found.size else (np.nan, np.nan)
    kind: Change = "negative_to_positive" if after.sign > 0 else "positive_to_negative"
    return Threshold(kind, place, float(low), float(high), found.size / len(draws))


def crossings(at: Floats, curves: Floats) -> Floats:
    """Return where curves, (n_curves, n_grid), rise through zero on each step, NaN where they do not.

    Returns
    -------
    (n_curves, n_grid - 1), the unit of `at`.
    """
    start, end = curves[:, :-1], curves[:, 1:]
    rises = (start < 0.0) & (end >= 0.0)
    share = np.divide(-start, end - start, out=np.full_like(start, np.nan), where=rises)
    where: Floats = at[:-1] + share * np.diff(at)
    return where


def sign_changes(at: Floats, curve: Floats) -> Floats:
    """Return where a curve, (n_grid,), goes through zero, upwards or downwards, increasing."""
    found = np.concatenate([crossings(at, sign * curve[None])[0] for sign in (1.0, -1.0)])
    return np.sort(found[np.isfinite(found)])
