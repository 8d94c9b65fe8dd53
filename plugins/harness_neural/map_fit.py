"""Training of a self-organising map from several starts, and how well it came out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.plugin import Floats, Ints
from harness_neural.names import MapTraining
from harness_neural.som import (
    N_STEPS,
    SelfOrganisingMap,
    first_radius,
    grid_shape,
    make_grid,
    plane_start,
    train_batch,
)


@dataclass(frozen=True, eq=False)
class MapFit:
    """The map of the best start.

    Attributes
    ----------
    map : with the least quantization error
    quantization_error : mean distance of the rows to their nearest unit, on standardised inputs
    topographic_error : share of the rows whose two nearest units are no neighbours
    agreement : in [-1, 1]; mean adjusted Rand index between the clusters of this map and those of the other
        starts; one for a single start
    n_obs : (n_clusters,), rows in each cluster
    means : (n_clusters, n_inputs), of the rows in each cluster; missing for a cluster without rows
    """

    map: SelfOrganisingMap
    quantization_error: float
    topographic_error: float
    agreement: float
    n_obs: Ints
    means: Floats


def fit_map(X: Floats, *, n_clusters: int, training: MapTraining, n_starts: int, rng: Generator) -> MapFit:
    """Train maps from several starts and keep the best.

    MiniSom trains row by row. Its batch training visits the rows in a Python loop and moves only part of the
    way to the new means, so the batch step is the one of `train_batch`.

    Parameters
    ----------
    X : (n_obs, n_inputs), standardised, rows in canonical order
    n_starts : >= 1; of batch training, the first start is the plane of the principal components and the
        others are rows drawn; of sequential training, all are drawn
    """
    train = _train_by_batch if training == "batch" else _train_by_row
    maps = [train(X, n_clusters=n_clusters, start=start, rng=rng) for start in range(n_starts)]
    errors = [som.quantization_error(X) for som in maps]
    best = int(np.argmin(errors))
    is_in = (maps[best].assign(X)[:, None] == np.arange(n_clusters)).astype(np.float64)
    counts = is_in.sum(axis=0)
    return MapFit(
        map=maps[best],
        quantization_error=errors[best],
        topographic_error=maps[best].topographic_error(X),
        agreement=_agreement(maps[best], [som for at, som in enumerate(maps) if at != best], X),
        n_obs=counts.astype(np.int64),
        means=(is_in.T @ X) / np.where(counts > 0.0, counts, np.nan)[:, None],
    )


def _train_by_batch(X: Floats, *, n_clusters: int, start: int, rng: Generator) -> SelfOrganisingMap:
    grid = make_grid(n_clusters)
    begin = (
        plane_start(X, grid) if start == 0 else X[rng.choice(len(X), n_clusters, replace=len(X) < n_clusters)]
    )
    return SelfOrganisingMap(grid, train_batch(X, grid, begin))


def _train_by_row(X: Floats, *, n_clusters: int, start: int, rng: Generator) -> SelfOrganisingMap:  # noqa: ARG001 - as its other way
    from minisom import MiniSom

    grid = make_grid(n_clusters)
    seed = int(rng.integers(2**31))
    som = MiniSom(*grid_shape(n_clusters), X.shape[1], sigma=first_radius(grid), random_seed=seed)
    som.random_weights_init(X)
    som.train_random(X, N_STEPS * len(X))
    return SelfOrganisingMap(grid, np.asarray(som.get_weights(), dtype=np.float64).reshape(n_clusters, -1))


def _agreement(best: SelfOrganisingMap, others: list[SelfOrganisingMap], X: Floats) -> float:
    from sklearn.metrics import adjusted_rand_score

    clusters = best.assign(X)
    indices = [float(adjusted_rand_score(clusters, som.assign(X))) for som in others]
    return float(np.mean(indices)) if indices else 1.0
