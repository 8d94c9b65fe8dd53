"""Whether residuals of near entities go together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.distance import nearest_neighbours
from harness.data.panel import Panel

if TYPE_CHECKING:
    import pandas as pd

NEAREST = 5
"""Neighbours of an entity, with equal weights."""

N_PERMUTATIONS = 499
"""Draws of who lives where; the least p-value is one in 500."""

LEAST_ENTITIES = 20
"""With fewer entities there is no test."""


@dataclass(frozen=True)
class Moran:
    """Moran's I of residuals as `statistic`, with its two-sided p-value."""

    statistic: float
    p_value: float
    n_entities: int


def places_of(panel: Panel) -> pd.DataFrame:
    """Return where each entity is, the mean of its rows: columns latitude and longitude, by its label."""
    import pandas as pd

    labels = np.asarray(panel.entity.labels, dtype=object)[panel.entity.codes]
    coordinates = pd.DataFrame(panel.coordinates, columns=["latitude", "longitude"])
    return coordinates.groupby(labels).mean().dropna()


def moran_test(predictions: pd.DataFrame, places: pd.DataFrame, rng: Generator) -> Moran | None:
    """Test whether residuals of entities near each other go together in the same period.

    Moran's I of all periods together, with a p-value from permutations of entities over places: an entity
    keeps its residuals of all periods, so that correlation over time is as strong in every draw.

    Parameters
    ----------
    predictions : rows with columns entity, time, observed, predicted; of a row predicted twice the first
    places : of `places_of`
    rng : of the permutations

    Returns
    -------
    None where fewer than `LEAST_ENTITIES` have a place.
    """
    once = predictions.drop_duplicates(["entity", "time"])
    residual = (once["observed"] - once["predicted"]).rename("residual")
    wide = once.assign(residual=residual - residual.mean()).pivot_table(
        index="entity", columns="time", values="residual"
    )
    wide = wide.reindex(places.index.intersection(wide.index)).fillna(0.0)
    if len(wide) < LEAST_ENTITIES:
        return None
    own = places.loc[wide.index].to_numpy(dtype=np.float64)
    near = nearest_neighbours(own, np.zeros(len(own), dtype=np.int64), nearest=NEAREST)
    products = wide.to_numpy() @ wide.to_numpy().T
    found = _share(products, near, np.arange(len(own)))
    drawn = np.array(
        [_share(products, near, rng.permutation(len(own)).astype(np.int64)) for _ in range(N_PERMUTATIONS)]
    )
    as_far = np.abs(drawn - drawn.mean()) >= abs(found - drawn.mean())
    return Moran(found, (1.0 + float(as_far.sum())) / (N_PERMUTATIONS + 1.0), len(own))


def _share(products: Floats, near: Ints, order: Ints) -> float:
    """Return the mean product of neighbours over that of an entity with itself, entities in some order."""
    rows = np.repeat(order, near.shape[1]).reshape(near.shape)
    return float(products[rows, order[near]].mean() / np.trace(products) * len(products))
