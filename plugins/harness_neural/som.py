"""Self-organising maps on a small rectangular grid, trained from several starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.plugin import Coded, Floats, Ints, Note, stream_at, stream_of_content
from harness_neural.names import MapTraining

# Steps of batch training, and the last radius, in grid steps.
N_STEPS = 50
LAST_RADIUS = 0.05


@dataclass(frozen=True, eq=False)
class SelfOrganisingMap:
    """A trained map; each of its units is a cluster.

    Attributes
    ----------
    grid : (n_clusters, 2), place of each unit
    codebook : (n_clusters, n_inputs), inputs each unit stands for
    """

    grid: Floats
    codebook: Floats

    @property
    def n_clusters(self) -> int:
        """Number of units."""
        return int(self.codebook.shape[0])

    def distances(self, X: Floats) -> Floats:
        """Return Euclidean distances of observations to units, (n_obs, n_clusters)."""
        from scipy.spatial.distance import cdist

        return np.asarray(cdist(X, self.codebook))

    def assign(self, X: Floats) -> Ints:
        """Return the nearest unit of each observation, (n_obs,)."""
        return np.asarray(self.distances(X).argmin(axis=1))

    def quantization_error(self, X: Floats) -> float:
        """Return the mean distance of observations to their nearest unit."""
        return float(self.distances(X).min(axis=1).mean())

    def topographic_error(self, X: Floats) -> float:
        """Return the share of observations whose two nearest units are not adjacent, not even diagonally.

        NaN where all units are adjacent, as on a grid of 2 x 2.
        """
        if self.grid.max() <= 1.0:
            return math.nan
        nearest = np.argsort(self.distances(X), axis=1, kind="stable")[:, :2]
        return float((np.abs(self.grid[nearest[:, 0]] - self.grid[nearest[:, 1]]).max(axis=1) > 1.0).mean())


def grid_shape(n_clusters: int) -> tuple[int, int]:
    """Return rows and columns of the grid nearest to a square, such as 2 x 2 for 4 and 2 x 3 for 6."""
    rows = next(divisor for divisor in range(math.isqrt(n_clusters), 0, -1) if n_clusters % divisor == 0)
    return rows, n_clusters // rows


def make_grid(n_clusters: int) -> Floats:
    """Return the places of the units, (n_clusters, 2)."""
    return np.stack(np.divmod(np.arange(n_clusters), grid_shape(n_clusters)[1]), axis=1).astype(np.float64)


def plane_start(X: Floats, grid: Floats) -> Floats:
    """Return units spread over the plane of the first two principal components, (n_clusters, n_inputs).

    The grid reaches one deviation to each side of the mean, its longer side along the first component. The
    largest loading of a component is positive, so that equal inputs give equal starts.
    """
    _, lengths, loadings = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    n_axes = min(2, loadings.shape[0])
    signs = np.sign(loadings[np.arange(n_axes), np.abs(loadings[:n_axes]).argmax(axis=1)])
    axes = loadings[:n_axes] * (signs * lengths[:n_axes] / np.sqrt(X.shape[0]))[:, None]
    span = np.maximum(grid.max(axis=0), 1.0)
    places = np.where(grid.max(axis=0) > 0.0, 2.0 * grid / span - 1.0, 0.0)
    return np.asarray(X.mean(axis=0) + places[:, ::-1][:, :n_axes] @ axes)


def neighbourhood(grid: Floats, radius: float) -> Floats:
    """Return the Gaussian neighbourhood of every two units, (n_clusters, n_clusters)."""
    squared = np.square(grid[:, None, :] - grid[None, :, :]).sum(axis=2)
    return np.asarray(np.exp(-squared / (2.0 * radius**2)))


def first_radius(grid: Floats) -> float:
    """Return the radius of the neighbourhood at the start of training, in grid steps."""
    return max(float(grid.max()) / 2.0, 0.5)


def batch_step(X: Floats, codebook: Floats, influence: Floats) -> Floats:
    """Return the codebook after one batch step (Kohonen 2013, "Essentials of the self-organizing map", 4.2).

    Parameters
    ----------
    X : (n_obs, n_inputs)
    codebook : (n_clusters, n_inputs)
    influence : (n_clusters, n_clusters), as `neighbourhood` gives it
    """
    nearest = SelfOrganisingMap(np.zeros((len(codebook), 2)), codebook).assign(X)
    is_nearest = (nearest[:, None] == np.arange(len(codebook))).astype(np.float64)
    totals, counts = influence @ (is_nearest.T @ X), influence @ is_nearest.sum(axis=0)
    return np.where(counts[:, None] > 0.0, totals / np.where(counts > 0.0, counts, 1.0)[:, None], codebook)


def train_batch(X: Floats, grid: Floats, start: Floats) -> Floats:
    """Return the codebook after batch training from a start, (n_clusters, n_inputs).

    The radius shrinks geometrically from half the grid's longer side to next to nothing, so that units end
    up at the means of their own observations.
    """
    codebook = start
    for radius in np.geomspace(first_radius(grid), LAST_RADIUS, N_STEPS).tolist():
        codebook = batch_step(X, codebook, neighbourhood(grid, radius))
    return codebook


@dataclass(frozen=True, eq=False)
class MapFit:
    """The map of the best start.

    Attributes
    ----------
    map : with the least quantization error
    quantization_error : mean distance of the rows to their nearest unit, on standardised inputs
    topographic_error : share of the rows whose two nearest units are no neighbours; NaN where all units are
    agreement : in [-1, 1]; mean adjusted Rand index (Hubert and Arabie 1985) between the clusters of this map
        and those of maps trained in the same way from other seeds; NaN without these
    n_seeds : other seeds
    n_obs : (n_clusters,), rows in each cluster
    means : (n_clusters, n_inputs), of the rows in each cluster; missing for a cluster without rows
    row_steps : of MiniSom, a row each; 0 where the map was trained on all rows at every step
    """

    map: SelfOrganisingMap
    quantization_error: float
    topographic_error: float
    agreement: float
    n_obs: Ints
    means: Floats
    n_seeds: int = 0
    row_steps: int = 0

    @property
    def notes(self) -> tuple[Note, ...]:
        """Who trained the map row by row, and in how many steps."""
        if not self.row_steps:
            return ()
        steps = f"{self.row_steps:,}"
        message = Coded("MiniSom trained the map row by row, {steps} steps from each start", steps=steps)
        return (Note("W-METHOD", "map", message),)


def fit_map(
    X: Floats,
    *,
    n_clusters: int,
    training: MapTraining,
    n_starts: int,
    n_passes: int,
    n_seeds: int = 0,
    rng: Generator,
) -> MapFit:
    """Train maps from several starts and keep the best.

    Random numbers are those of the rows under the root seed, so that all outcomes have the same map.

    MiniSom trains row by row. Its batch training visits the rows in a Python loop and moves only part of the
    way to the new means, so the batch step is the one of `train_batch`.

    Parameters
    ----------
    X : (n_obs, n_inputs), standardised, rows in canonical order
    n_starts : >= 1; of batch training, the first start is the plane of the principal components and the
        others are rows drawn; of sequential training, all are drawn
    n_passes : >= 1; of sequential training, over the rows
    n_seeds : >= 0; further maps from other seeds, with which the clusters are compared
    """
    row_steps = n_passes * len(X) if training == "sequential" else 0

    def best_map(rng: Generator) -> SelfOrganisingMap:
        maps = (
            _train_by_row(X, n_clusters=n_clusters, n_steps=row_steps, rng=rng)
            if row_steps
            else _train_by_batch(X, n_clusters=n_clusters, start=start, rng=rng)
            for start in range(n_starts)
        )
        return min(maps, key=lambda som: som.quantization_error(X))

    of_rows = stream_of_content(rng, np.ascontiguousarray(X).tobytes())
    best, *others = map(best_map, (of_rows, *(stream_at(of_rows, seed) for seed in range(n_seeds))))
    is_in = (best.assign(X)[:, None] == np.arange(n_clusters)).astype(np.float64)
    counts = is_in.sum(axis=0)
    return MapFit(
        map=best,
        quantization_error=best.quantization_error(X),
        topographic_error=best.topographic_error(X),
        agreement=_agreement(best, others, X),
        n_obs=counts.astype(np.int64),
        means=(is_in.T @ X) / np.where(counts > 0.0, counts, np.nan)[:, None],
        n_seeds=n_seeds,
        row_steps=row_steps,
    )


def _train_by_batch(X: Floats, *, n_clusters: int, start: int, rng: Generator) -> SelfOrganisingMap:
    grid = make_grid(n_clusters)
    begin = (
        plane_start(X, grid) if start == 0 else X[rng.choice(len(X), n_clusters, replace=len(X) < n_clusters)]
    )
    return SelfOrganisingMap(grid, train_batch(X, grid, begin))


def _train_by_row(X: Floats, *, n_clusters: int, n_steps: int, rng: Generator) -> SelfOrganisingMap:
    from harness_neural.row_training import QuickSom

    grid = make_grid(n_clusters)
    seed = int(rng.integers(2**31))
    som = QuickSom(grid, *grid_shape(n_clusters), X.shape[1], sigma=first_radius(grid), random_seed=seed)
    som.random_weights_init(X)
    som.train_random(X, n_steps)
    return SelfOrganisingMap(grid, np.asarray(som.get_weights(), dtype=np.float64).reshape(n_clusters, -1))


def _agreement(best: SelfOrganisingMap, others: list[SelfOrganisingMap], X: Floats) -> float:
    if not others:
        return math.nan
    from sklearn.metrics import adjusted_rand_score

    clusters = best.assign(X)
    return float(np.mean([adjusted_rand_score(clusters, som.assign(X)) for som in others]))
