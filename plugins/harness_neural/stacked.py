"""Networks of the clusters, whose outputs a further network takes in, for one fit or for draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness.plugin import Floats
from harness_neural.by_cluster import (
    ClusteredSample,
    ClusterSearches,
    learn_by_cluster,
    learn_draws_by_cluster,
)
from harness_neural.design import settle
from harness_neural.draws import train_draws
from harness_neural.learn import Learned
from harness_neural.options import NetworkOptions
from harness_neural.sample import NetworkSample
from harness_neural.search import SizeSearch, search_size

if TYPE_CHECKING:
    from harness_neural.batch import NetworkBatch

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
    return _joined(first, search, search.networks)


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
    from harness_neural.batch import Piece, gather

    first = learn_draws_by_cluster(draws, searches, options, rngs=rngs)
    taken_in = outputs(first.networks, draws.sample.X)
    pieces = []
    for at, own in enumerate(taken_in):
        place = np.array([at])
        sample = replace(draws.sample.networks(place), X=settle(own))
        pieces.append(Piece(place, train_draws(sample, further, options, rngs=[rngs[at]])))
    return _joined(first, further, gather(pieces))


def search_further(
    sample: NetworkSample, first: Learned, options: NetworkOptions, *, rng: Generator
) -> SizeSearch:
    """Search the network that takes in the outputs of those of the clusters."""
    (own,) = outputs(first.networks, sample.X)
    return search_size(replace(sample, X=settle(own)), options, where=STAGE, rng=rng)


def _joined(first: Learned, search: SizeSearch, second: NetworkBatch) -> Learned:
    return Learned((*first.networks, second), (*first.searches, search), (*first.notes, *search.notes))
