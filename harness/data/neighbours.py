"""Neighbours of rows, by a file of pairs or by coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from harness.arrays import Floats, Ints, Key, SentByFields, as_received, frozen_floats, frozen_ints


@dataclass(frozen=True, eq=False)
class Links:
    """Neighbours of rows.

    Attributes
    ----------
    rows, others : (n_links,), indices of rows and of their neighbours
    weights : (n_links,), > 0; those of a row sum to one
    source : how neighbours are defined, in words
    """

    rows: Ints
    others: Ints
    weights: Floats
    source: str

    @classmethod
    def standardised(cls, rows: Ints, others: Ints, weights: Floats, *, source: str) -> Self:
        """Return links with weights, (n_links,) > 0, standardised to sum to one by row."""
        totals = np.bincount(rows, weights) if rows.size else np.zeros(1)
        return cls(rows, others, weights / totals[rows], source)

    def means(self, values: Floats) -> Floats:
        """Return the weighted mean over neighbours, (n_obs,); NaN for rows without neighbours."""
        sums = np.bincount(self.rows, self.weights * values[self.others], values.size)
        return np.where(self.counts(values.size) > 0, sums, np.nan)

    def counts(self, n_obs: int) -> Ints:
        """Return the number of neighbours of each row, (n_obs,)."""
        return np.bincount(self.rows, minlength=n_obs).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Contiguity(SentByFields):
    """Pairs of entities that are neighbours.

    Attributes
    ----------
    entities : distinct labels of entities with neighbours
    ones, others : (n_pairs,), indices into `entities` of the two sides, each pair once
    weights : (n_pairs,), > 0, in any unit
    origin : name of the file in messages
    """

    entities: tuple[str, ...]
    ones: Ints
    others: Ints
    weights: Floats
    origin: str

    def __post_init__(self) -> None:
        for name, freeze in (("ones", frozen_ints), ("others", frozen_ints), ("weights", frozen_floats)):
            object.__setattr__(self, name, freeze(as_received(getattr(self, name))))

    def links(self, entity: Key, period: Ints) -> Links:
        """Return the neighbours of rows within the same period, each pair in both directions.

        Weights are standardised over the neighbours that have a row in the period.

        Parameters
        ----------
        entity : of the rows, matched by label
        period : (n_obs,); entity and period identify a row
        """
        own = entity.codes_among(self.entities)
        periods, column = np.unique(period, return_inverse=True)
        row_of = np.full((len(self.entities) + 1, periods.size), -1, dtype=np.int64)
        row_of[own, column] = np.arange(own.size)
        row_of[-1] = -1
        here = row_of[np.concatenate([self.ones, self.others])].ravel()
        there = row_of[np.concatenate([self.others, self.ones])].ravel()
        weights = np.repeat(np.tile(self.weights, 2), periods.size)
        both = (here >= 0) & (there >= 0)
        return Links.standardised(
            here[both], there[both], weights[both], source=f"neighbours by {self.origin}"
        )


# Mean radius of the earth (IUGG).
EARTH_RADIUS_KM = 6371.0088


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
    """Yield the row indices of each period, in order."""
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


# Neighbours of a row where none are named: the nearest of its period, with equal weights.
NEAREST = 5


def nearest_links(coordinates: Floats, period: Ints) -> Links:
    """Return the nearest rows of each row's period, fewer where there are no more.

    Parameters
    ----------
    coordinates : (n_obs, 2), latitude and longitude in degrees
    period : (n_obs,)
    """
    near = nearest_neighbours(coordinates, period, nearest=NEAREST)
    rows, ranks = np.nonzero(near >= 0)
    return Links.standardised(
        rows, near[rows, ranks], np.ones(rows.size), source=f"{NEAREST} nearest rows of a period"
    )
