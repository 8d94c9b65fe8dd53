"""One network a cluster, for one fit or for draws; the network of all rows where a cluster has too few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness import Ints, Note
from harness_neural.draws import train_draws
from harness_neural.learn import Learned
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample
from harness_neural.search import SizeSearch, has_training_rows, require_rows, search_size

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch


@dataclass(frozen=True, eq=False)
class ClusteredSample:
    """A sample and the cluster of each row, (n_obs,), from 0 to n_clusters - 1."""

    sample: NetworkSample
    cluster: Ints
    n_clusters: int

    def part(self, cluster: int) -> NetworkSample:
        """Return the rows of one cluster."""
        return self.sample.rows(np.flatnonzero(self.cluster == cluster))

    def can_learn(self) -> npt.NDArray[np.bool_]:
        """Return whether each cluster has enough rows for each network, (n_clusters, n_networks).

        Enough are more rows to train on than one hidden unit has parameters, and one to select on if the
        network selects at all.
        """
        selects = self.sample.selection.any(axis=1)
        parts = [self.part(cluster) for cluster in range(self.n_clusters)]
        return np.stack([has_training_rows(part) & (part.selection.any(axis=1) | ~selects) for part in parts])


def learn_by_cluster(clustered: ClusteredSample, options: NetworkOptions, *, rng: Generator) -> Learned:
    """Search a network for each cluster of a sample of one.

    Raises
    ------
    EstimationError
        Where a cluster has too few rows, and so have all clusters together.
    """
    can = clustered.can_learn()
    own = _search_clusters(clustered, can[:, 0], options, rng=rng)
    if can.all():
        return _learned(own, tuple(own[at].networks for at in range(clustered.n_clusters)), ())
    whole = search_size(clustered.sample, options, where="", rng=rng)
    networks = tuple(own.get(at, whole).networks for at in range(clustered.n_clusters))
    return _learned(own | {clustered.n_clusters: whole}, networks, _fallback_notes(can))


def learn_draws_by_cluster(
    draws: ClusteredSample, whole: ClusteredSample, options: NetworkOptions, *, rng: Generator
) -> Learned:
    """Search a size for each cluster on all rows, then train one network a draw and cluster.

    Parameters
    ----------
    whole : the sample of one to search on

    Raises
    ------
    EstimationError
        Where a draw has too few rows in all clusters together.
    """
    from harness_neural.batch import Piece, gather

    require_rows(draws.sample, where="")
    is_searched = whole.can_learn()
    own = _search_clusters(whole, is_searched[:, 0], options, rng=rng)
    can = draws.can_learn() & is_searched
    pieces: list[list[Piece]] = [[] for _ in range(draws.n_clusters)]
    for cluster, search in own.items():
        able = np.flatnonzero(can[cluster])
        if able.size:
            part = draws.part(cluster).networks(able)
            pieces[cluster].append(Piece(able, train_draws(part, search, options, rng=rng)))
    lacking = np.flatnonzero(~can.all(axis=0))
    if lacking.size:
        own[draws.n_clusters] = search_size(whole.sample, options, where="", rng=rng)
        others = train_draws(draws.sample.networks(lacking), own[draws.n_clusters], options, rng=rng)
        for cluster, piece in enumerate(pieces):
            unable = np.flatnonzero(~can[cluster])
            piece.append(Piece(unable, others.take(np.searchsorted(lacking, unable))))
    return _learned(own, tuple(gather(of_cluster) for of_cluster in pieces), _fallback_notes(can))


def _search_clusters(
    clustered: ClusteredSample,
    can: npt.NDArray[np.bool_],
    options: NetworkOptions,
    *,
    rng: Generator,
) -> dict[int, SizeSearch]:
    """Return a search for each cluster that has rows enough, (n_clusters,) booleans, by cluster."""
    return {
        at: search_size(clustered.part(at), options, where=f"cluster {at + 1}", rng=rng)
        for at in np.flatnonzero(can).tolist()
    }


def _learned(
    searches: dict[int, SizeSearch], networks: tuple[NetworkBatch, ...], notes: tuple[Note, ...]
) -> Learned:
    found = tuple(searches.values())
    return Learned(networks, found, (*notes, *(note for search in found for note in search.notes)))


def _fallback_notes(can: npt.NDArray[np.bool_]) -> tuple[Note, ...]:
    """Return a note for each cluster that the network of all rows serves, for one fit or for some draws."""
    n_clusters, n_fits = can.shape
    return tuple(
        Note(
            "W-CLUSTER",
            f"cluster {at + 1}",
            f"too few rows to train and select on in {n_fits - can[at].sum()} of {n_fits} fits, "
            "which use the network of all rows there",
        )
        for at in range(n_clusters)
        if not can[at].all()
    )
