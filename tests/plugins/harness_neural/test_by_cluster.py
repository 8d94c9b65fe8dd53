from __future__ import annotations

import numpy as np
import pytest

from harness_neural.design import NetworkSample
from harness_neural.options import NetworkOptions
from harness_neural.search import (
    ClusteredSample,
    ClusterSearches,
    Learned,
    SizeSearch,
    learn,
    learn_by_cluster,
    learn_draws,
    learn_draws_by_cluster,
    search_clusters,
    search_size,
)

OPTIONS = NetworkOptions(hidden=1, restarts=2)
SIZES = (100, 90, 12)


def two_clusters_and_a_small_one(n_networks: int = 1, *, seed: int = 1) -> ClusteredSample:
    """Rows of three clusters whose effects differ; a fifth of the rows selects."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(3), SIZES)
    X = rng.normal(size=(cluster.size, 2))
    outcome = np.array([1.0, -1.0, 0.3])[cluster] * X[:, 0] + 0.05 * rng.normal(size=cluster.size)
    selects = np.arange(cluster.size) % 5 == 0
    weights = np.tile((~selects).astype(float), (n_networks, 1))
    return ClusteredSample(
        NetworkSample(X, outcome, weights, 1.0 - weights, 2, np.arange(cluster.size)), cluster, 3
    )


def streams(n_draws: int) -> list[np.random.Generator]:
    return [np.random.default_rng(draw) for draw in range(n_draws)]


def everyone(whole: ClusteredSample) -> SizeSearch:
    return search_size(whole.sample, OPTIONS, where="", rng=np.random.default_rng(1))


def drawn(draws: ClusteredSample, whole: ClusteredSample) -> Learned:
    """Search on all rows, then train the draws."""
    own = search_clusters(whole, OPTIONS, rng=np.random.default_rng(0))
    searches = ClusterSearches(own, OPTIONS, whole.sample, seed=1)
    return learn_draws_by_cluster(draws, searches, OPTIONS, rngs=streams(draws.sample.weights.shape[0]))


def test_every_cluster_gets_the_network_of_its_own_rows() -> None:
    clustered = two_clusters_and_a_small_one()
    learned = learn_by_cluster(clustered, OPTIONS, rng=np.random.default_rng(0))
    rng = np.random.default_rng(0)
    for at in range(3):
        alone = learn(clustered.part(at), OPTIONS, rng=rng)
        np.testing.assert_array_equal(
            learned.networks[at].predict(clustered.sample.X), alone.networks[0].predict(clustered.sample.X)
        )
    assert learned.notes == ()


@pytest.mark.parametrize("lacks", ["training", "selection"])
def test_a_cluster_with_too_few_rows_uses_the_network_of_all_rows(lacks: str) -> None:
    clustered = two_clusters_and_a_small_one()
    small = np.flatnonzero(clustered.cluster == 2)
    if lacks == "training":
        clustered.sample.weights[0, small[4:]] = 0.0
    else:
        clustered.sample.selection[0, small] = 0.0
    learned = learn_by_cluster(clustered, OPTIONS, rng=np.random.default_rng(0))
    (note,) = learned.notes
    assert (note.code, note.where) == ("W-CLUSTER", "cluster 3")
    assert "use the network of all rows" in note.message
    assert [search.where for search in learned.searches] == ["cluster 1", "cluster 2", ""]
    X = clustered.sample.X
    np.testing.assert_array_equal(learned.networks[2].predict(X), learned.searches[2].networks.predict(X))


def test_draws_that_lack_a_cluster_use_the_network_of_all_rows_there() -> None:
    draws, whole = two_clusters_and_a_small_one(5), two_clusters_and_a_small_one()
    small = np.flatnonzero(draws.cluster == 2)
    for draw in (1, 3):
        draws.sample.weights[draw, small] = 0.0
    learned = drawn(draws, whole)
    (note,) = learned.notes
    assert note.where == "cluster 3"
    X, outcome = draws.sample.X, draws.sample.outcome
    errors = [
        np.sqrt(np.mean((networks.predict(X) - outcome)[:, draws.cluster == at] ** 2, axis=1))
        for at, networks in enumerate(learned.networks)
    ]
    assert max(errors[0].max(), errors[1].max(), errors[2][[0, 2, 4]].max()) < 0.3
    everybody = learn_draws(
        draws.sample.networks(np.array([1, 3])), everyone(whole), OPTIONS, rngs=streams(2)
    ).networks[0]
    expected = np.sqrt(np.mean((everybody.predict(X) - outcome)[:, small] ** 2, axis=1))
    np.testing.assert_allclose(errors[2][[1, 3]], expected, rtol=0.5)
    assert errors[2][[1, 3]].min() > 1.5 * errors[2][[0, 2, 4]].max()


def test_a_cluster_that_no_draw_can_learn_is_served_by_the_network_of_all_rows() -> None:
    draws, whole = two_clusters_and_a_small_one(3), two_clusters_and_a_small_one()
    whole.sample.weights[0, whole.cluster == 2] = 0.0
    learned = drawn(draws, whole)
    assert [note.where for note in learned.notes] == ["cluster 3"]
    assert [search.where for search in learned.searches] == ["cluster 1", "cluster 2", ""]
    assert learned.networks[2].n_networks == 3
