"""Turning points of a curve: interior extremes, each with an interval, and whether the draws establish it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, Mask
from harness.scenarios.bands import pointwise_limits
from harness.scenarios.curve.changes import (
    Extreme,
    alternating_extremes,
    own_extremes,
    significant_changes,
)
from harness.scenarios.support import longest_run


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

    One is established if there is a significant rise on one side and a significant fall on the other, where
    the changes between all pairs of grid points are tested at once. So for a curve that is truly flat or
    monotone one is established with a chance of at most one less `level`, however fine the grid and wiggly
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
    return tuple(
        _measured(
            kind,
            place,
            at=at,
            curve=curve,
            draws=draws,
            between=_between(place, sure if (place, kind) in sure else own, at.size),
            is_established=(place, kind) in sure,
            level=level,
        )
        for place, kind in own
    )


def _between(place: int, extremes: Sequence[tuple[int, Extreme]], n_grid: int) -> slice:
    """Return the stretch from the extreme before a place to the one after it, or to the ends of the grid."""
    places = [0, *(at for at, _ in extremes), n_grid - 1]
    return slice(max(at for at in places if at < place), min(at for at in places if at > place) + 1)


def _measured(
    kind: Extreme,
    place: int,
    *,
    at: Floats,
    curve: Floats,
    draws: Floats,
    between: slice,
    is_established: bool,
    level: float,
) -> TurningPoint:
    own = draws[:, between] if kind == "maximum" else -draws[:, between]
    places = own.argmax(axis=1)
    interior = np.flatnonzero((places > 0) & (places < own.shape[1] - 1))
    found = vertices(at[between], own[interior], places[interior])
    low, high = pointwise_limits(found, level=level) if found.size else (np.nan, np.nan)
    vertex = float(vertices(at, curve[None], np.array([place]))[0])
    return TurningPoint(
        kind=kind,
        at=vertex,
        conf_low=float(low),
        conf_high=float(high),
        estimate=float(np.interp(vertex, at, curve)),
        share_of_draws=interior.size / len(draws),
        is_established=is_established,
    )


def vertices(at: Floats, curves: Floats, places: Ints) -> Floats:
    """Return where parabolas through an extreme of each curve and its two neighbours turn, (n_curves,).

    Parameters
    ----------
    at : (n_grid,), increasing
    curves : (n_curves, n_grid)
    places : (n_curves,), positions of extremes; interior ones
    """
    x = np.stack([at[places - 1], at[places], at[places + 1]])
    y = np.stack([curves[np.arange(places.size), places + step] for step in (-1, 0, 1)])
    slopes = np.diff(y, axis=0) / np.diff(x, axis=0)
    middle = (x[:-1] + x[1:]) / 2.0
    bend = slopes[0] - slopes[1]
    share = np.divide(slopes[0], bend, out=np.full_like(bend, 0.5), where=bend != 0.0)
    vertex: Floats = middle[0] + share * (middle[1] - middle[0])
    return vertex
