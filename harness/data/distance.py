"""Distances on the globe, and who is near whom in the same period."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.arrays import Floats, Ints

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""


def great_circle_km(coordinates: Floats, others: Floats) -> Floats:
    """Return great-circle distances by the haversine formula, (n, n_others), km.

    Parameters
    ----------
    coordinates : (n, 2), latitude and longitude in degrees
    others : (n_others, 2), likewise
    """
    latitude, longitude = np.radians(coordinates).T
    other_latitude, other_longitude = np.radians(others).T
    half_up = np.sin(0.5 * (latitude[:, None] - other_latitude)) ** 2
    half_along = np.sin(0.5 * (longitude[:, None] - other_longitude)) ** 2
    chord = half_up + np.cos(latitude)[:, None] * np.cos(other_latitude) * half_along
    distance: Floats = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
    return distance


def rows_by_period(period: Ints) -> Iterator[Ints]:
    """Yield the positions of the rows of each period, (n_obs,), in order."""
    order = np.argsort(period, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(period[order])) + 1)


def nearest_neighbours(coordinates: Floats, period: Ints, *, nearest: int) -> Ints:
    """Return the rows nearest to each row in its period, (n_obs, nearest); -1 where a period has too few.

    Of rows equally far the one that stands first is nearer; a row is no neighbour of itself.

    Parameters
    ----------
    coordinates : (n_obs, 2), latitude and longitude in degrees; a row without has no neighbours and is none
    period : (n_obs,)
    nearest : >= 1
    """
    found = np.full((period.size, nearest), -1, dtype=np.int64)
    is_known = ~np.isnan(coordinates.sum(axis=1))
    for everyone in rows_by_period(period):
        rows = everyone[is_known[everyone]]
        if rows.size < 2:
            continue
        distance = great_circle_km(coordinates[rows], coordinates[rows])
        np.fill_diagonal(distance, np.inf)
        n_found = min(nearest, rows.size - 1)
        found[rows, :n_found] = rows[np.argsort(distance, axis=1, kind="stable")[:, :n_found]]
    return found
