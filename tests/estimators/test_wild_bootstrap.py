"""Wild cluster bootstraps: their weights, and what they refuse."""

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import ClusteredRegression, Grouping, WildClusters, random_stream, wild_cluster_inference

CODES = np.repeat(np.arange(7), [3, 8, 5, 4, 9, 6, 5])[random_stream(7).permutation(40)]


def test_webb_weights_have_six_points_mean_zero_and_variance_one():
    weights = WildClusters(draws=20_000, weights="webb").of(8, rng=random_stream(67))
    points, counts = np.unique(weights, return_counts=True)
    np.testing.assert_allclose(points**2, [1.5, 1.0, 0.5, 0.5, 1.0, 1.5], rtol=1e-12)
    np.testing.assert_allclose(counts / weights.size, 1 / 6, atol=0.01)


def test_few_clusters_have_all_sign_changes_once():
    draws = WildClusters(draws=128)
    assert draws.number(7) == 128
    assert len({tuple(draw) for draw in draws.of(7, rng=random_stream(0)).tolist()}) == 128
    assert draws.number(8) == 128
    assert not draws.is_enumerated(8)


def test_errors_of_zero_are_refused():
    X = np.eye(7)[CODES][:, :2]
    basis, estimate = np.linalg.qr(X)[0], np.array([1.0, 2.0])
    perfect = ClusteredRegression(basis, np.eye(2), estimate, np.zeros(40), Grouping.of(CODES))
    with pytest.raises(EstimationError, match="not all zero"):
        wild_cluster_inference(perfect, WildClusters(), factor=1.0, rng=random_stream(0))


def test_fewer_draws_than_99_are_refused():
    with pytest.raises(ValueError, match="draws: at least 99; found 98"):
        WildClusters(draws=98)
