"""One network a cluster, for one fit or for draws; the network of all rows where a cluster has too few."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.plugin import Ints, Note
from harness.plugin.reporting import marked
from harness_neural.draws import train_draws
from harness_neural.learn import Learned
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample
from harness_neural.search import SizeSearch, has_training_rows, require_rows, search_size
from harness_neural.som import SelfOrganisingMap

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch


FALLBACK = marked("a fit with too few rows to train and select on there uses the network of all rows")
"""What a note says of a cluster; the same for any number of draws, so that blocks of them say it once."""


@dataclass(frozen=True, eq=False)
class ClusteredSample:
    """A sample and the cluster of each row, (n_obs,), from 0 to n_clusters - 1."""

    sample: NetworkSample
    cluster: Ints
    n_clusters: int

    @classmethod
    def by_map(cls, sample: NetworkSample, som: SelfOrganisingMap) -> ClusteredSample:
        """Return a sample whose rows are sorted by a map."""
        return cls(sample, som.assign(sample.X), som.n_clusters)

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


@dataclass(frozen=True, eq=False)
class ClusterSearches:
    """Searches of the networks of clusters, on all rows, for draws to start from.

    Attributes
    ----------
    own : by cluster, of those that have rows enough
    everyone : searches on the rows of all clusters together, for draws that lack rows in one
    """

    own: Mapping[int, SizeSearch]
    everyone: Callable[[], SizeSearch]


def learn_by_cluster(clustered: ClusteredSample, options: NetworkOptions, *, rng: Generator) -> Learned:
    """Search a network for each cluster of a sample of one.

    Raises
    ------
    EstimationError
        Where a cluster has too few rows, and so have all clusters together.
    """
    return learn_searched(clustered, search_clusters(clustered, options, rng=rng), options, rng=rng)


def learn_searched(
    clustered: ClusteredSample, own: dict[int, SizeSearch], options: NetworkOptions, *, rng: Generator
) -> Learned:
    """Return the networks that searches by cluster found, that of all rows where a cluster has none.

    Raises
    ------
    EstimationError
        Where all clusters together have too few rows.
    """
    can = clustered.can_learn()
    if can.all():
        return _learned(own, tuple(own[at].networks for at in range(clustered.n_clusters)), ())
    whole = search_size(clustered.sample, options, where="", rng=rng)
    networks = tuple(own.get(at, whole).networks for at in range(clustered.n_clusters))
    return _learned(own | {clustered.n_clusters: whole}, networks, _fallback_notes(can))


def learn_draws_by_cluster(
    draws: ClusteredSample, searches: ClusterSearches, options: NetworkOptions, *, rngs: Sequence[Generator]
) -> Learned:
    """Train one network a draw and cluster, of the sizes that were found on all rows.

    Parameters
    ----------
    rngs : of each draw

    Raises
    ------
    EstimationError
        Where a draw has too few rows in all clusters together.
    """
    from harness_neural.batch import Piece, gather

    require_rows(draws.sample, where="")
    own = dict(searches.own)
    can = draws.can_learn() & np.isin(np.arange(draws.n_clusters), list(own))[:, None]
    pieces: list[list[Piece]] = [[] for _ in range(draws.n_clusters)]
    for cluster, search in searches.own.items():
        able = np.flatnonzero(can[cluster])
        if able.size:
            part = draws.part(cluster).networks(able)
            streams = [rngs[at] for at in able.tolist()]
            pieces[cluster].append(Piece(able, train_draws(part, search, options, rngs=streams)))
    lacking = np.flatnonzero(~can.all(axis=0))
    if lacking.size:
        own[draws.n_clusters] = searches.everyone()
        streams = [rngs[at] for at in lacking.tolist()]
        others = train_draws(draws.sample.networks(lacking), own[draws.n_clusters], options, rngs=streams)
        for cluster, piece in enumerate(pieces):
            unable = np.flatnonzero(~can[cluster])
            piece.append(Piece(unable, others.take(np.searchsorted(lacking, unable))))
    return _learned(own, tuple(gather(of_cluster) for of_cluster in pieces), _fallback_notes(can))


def search_clusters(
    clustered: ClusteredSample, options: NetworkOptions, *, rng: Generator
) -> dict[int, SizeSearch]:
    """Return a search for each cluster that has rows enough, by cluster."""
    return {
        at: search_size(clustered.part(at), options, where=f"cluster {at + 1}", rng=rng)
        for at in np.flatnonzero(clustered.can_learn()[:, 0]).tolist()
    }


def _learned(
    searches: dict[int, SizeSearch], networks: tuple[NetworkBatch, ...], notes: tuple[Note, ...]
) -> Learned:
    found = tuple(searches.values())
    return Learned(networks, found, (*notes, *(note for search in found for note in search.notes)))


def _fallback_notes(can: npt.NDArray[np.bool_]) -> tuple[Note, ...]:
    """Return a note for each cluster that the network of all rows serves, for one fit or for some draws."""
    lacking = np.flatnonzero(~can.all(axis=1)).tolist()
    return tuple(Note("W-CLUSTER", f"cluster {at + 1}", FALLBACK) for at in lacking)
