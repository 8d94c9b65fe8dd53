"""One network a cluster, alone or followed by one that takes in their outputs, for one fit or for draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from harness.plugin import Floats, Ints, Note, marked
from harness_neural.design import settle
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample
from harness_neural.search import (
    Learned,
    SizeSearch,
    has_training_rows,
    require_rows,
    search_size,
    train_draws,
)
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
    options : of the networks
    whole : the sample of one to search on for draws that lack rows in a cluster
    seed : of the random numbers of that search
    found : that search, where it was done; otherwise each block of the few draws that need it finds it again
    """

    own: Mapping[int, SizeSearch]
    options: NetworkOptions
    whole: NetworkSample
    seed: int
    found: SizeSearch | None = None

    def everyone(self) -> SizeSearch:
        """Return the search on the rows of all clusters together, the same wherever it is done."""
        rng = np.random.default_rng(self.seed)
        return self.found or search_size(self.whole, self.options, where="", rng=rng)


def learn_by_cluster(
    clustered: ClusteredSample,
    options: NetworkOptions,
    *,
    rng: Generator,
    own: dict[int, SizeSearch] | None = None,
) -> Learned:
    """Search a network for each cluster of a sample of one; that of all rows serves those with too few.

    Parameters
    ----------
    own : searches by cluster, where they were done

    Raises
    ------
    EstimationError
        Where a cluster has too few rows, and so have all clusters together.
    """
    own = search_clusters(clustered, options, rng=rng) if own is None else own
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
    from harness_neural.batch import gather

    require_rows(draws.sample, where="")
    own = dict(searches.own)
    can = draws.can_learn() & np.isin(np.arange(draws.n_clusters), list(own))[:, None]
    pieces: list[list[tuple[Ints, NetworkBatch]]] = [[] for _ in range(draws.n_clusters)]
    for cluster, search in searches.own.items():
        able = np.flatnonzero(can[cluster])
        if able.size:
            part = draws.part(cluster).networks(able)
            streams = [rngs[at] for at in able.tolist()]
            pieces[cluster].append((able, train_draws(part, search, options, rngs=streams)))
    lacking = np.flatnonzero(~can.all(axis=0))
    if lacking.size:
        own[draws.n_clusters] = searches.everyone()
        streams = [rngs[at] for at in lacking.tolist()]
        others = train_draws(draws.sample.networks(lacking), own[draws.n_clusters], options, rngs=streams)
        for cluster, piece in enumerate(pieces):
            unable = np.flatnonzero(~can[cluster])
            piece.append((unable, others.take(np.searchsorted(lacking, unable))))
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


STAGE = "outputs of the clusters' networks"
"""What the further network's search is of, in notes and details."""


def outputs(functions: Sequence[NetworkBatch], X: Floats) -> Floats:
    """Return what the network of every cluster gives at every row, (n_networks, n_obs, n_clusters)."""
    return np.stack([networks.predict(X) for networks in functions], axis=-1)


def learn_stacked(clustered: ClusteredSample, options: NetworkOptions, *, rng: Generator) -> Learned:
    """Search a network for each cluster of a sample of one, and then one that takes in their outputs.

    The size of the further network is by the formula for the study's own variables, which it takes in by way
    of the outputs.

    Returns
    -------
    Networks of the clusters, the further one last.
    """
    first = learn_by_cluster(clustered, options, rng=rng)
    search = search_further(clustered.sample, first, options, rng=rng)
    return first.followed_by(search, search.networks)


def learn_draws_stacked(
    draws: ClusteredSample,
    searches: ClusterSearches,
    further: SizeSearch,
    options: NetworkOptions,
    *,
    rngs: Sequence[Generator],
) -> Learned:
    """Train the networks of both stages on every draw, of the sizes that were found on all rows.

    The outputs differ from draw to draw, so further networks are trained one after the other.

    Parameters
    ----------
    further : search of the second stage
    rngs : of each draw
    """
    from harness_neural.batch import gather

    first = learn_draws_by_cluster(draws, searches, options, rngs=rngs)
    taken_in = outputs(first.networks, draws.sample.X)
    pieces = []
    for at, own in enumerate(taken_in):
        place = np.array([at])
        sample = replace(draws.sample.networks(place), X=settle(own))
        pieces.append((place, train_draws(sample, further, options, rngs=[rngs[at]])))
    return first.followed_by(further, gather(pieces))


def search_further(
    sample: NetworkSample, first: Learned, options: NetworkOptions, *, rng: Generator
) -> SizeSearch:
    """Search the network that takes in the outputs of those of the clusters."""
    (own,) = outputs(first.networks, sample.X)
    return search_size(replace(sample, X=settle(own)), options, where=STAGE, rng=rng)
