"""The wild cluster bootstrap of the core against regressions done anew for every draw."""

from itertools import product

import numpy as np
import pytest

from harness import EstimationError
from harness.plugin import ClusteredRegression, Grouping, WildClusters, random_stream, wild_cluster_inference

CODES = np.repeat(np.arange(7), [3, 8, 5, 4, 9, 6, 5])[random_stream(7).permutation(40)]


def columns_and_outcome(seed):
    rng = random_stream(seed)
    X = np.column_stack([np.ones(40), rng.normal(size=(40, 2)) + rng.normal(size=(7, 2))[CODES]])
    return X, X @ [0.5, 0.4, -0.2] + rng.normal(size=7)[CODES] + rng.normal(size=40)


def regression(X, outcome, **effects):
    basis, triangle = np.linalg.qr(X)
    estimate = np.linalg.solve(triangle, basis.T @ outcome)
    return ClusteredRegression(
        basis, np.linalg.inv(triangle), estimate, outcome - X @ estimate, Grouping.of(CODES), **effects
    )


def t_statistic(X, outcome, *, at: int, null: float) -> float:
    """Statistic without a small-sample factor, of sums over clusters."""
    found = np.linalg.inv(X.T @ X) @ X.T
    slopes = found @ outcome
    shares = np.bincount(CODES, found[at] * (outcome - X @ slopes))
    return float((slopes[at] - null) / np.sqrt(shares @ shares))


@pytest.mark.parametrize("null", [0.0, 0.9])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_statistics_of_all_sign_changes(at, null):
    X, outcome = columns_and_outcome(11)
    inference = wild_cluster_inference(
        regression(X, outcome), WildClusters(draws=128), factor=1.0, rng=random_stream(0)
    )
    others, target = np.delete(X, at, axis=1), outcome - null * X[:, at]
    fitted = others @ np.linalg.lstsq(others, target, rcond=None)[0]
    signs = np.array(list(product([-1.0, 1.0], repeat=7)))[:, CODES]
    draws = [null * X[:, at] + fitted + sign * (target - fitted) for sign in signs]
    expected = [t_statistic(X, draw, at=at, null=null) for draw in draws]
    found = inference.statistics[at]
    np.testing.assert_allclose(np.sort(found.of_draws(null)), np.sort(expected), rtol=1e-9)
    own = abs(t_statistic(X, outcome, at=at, null=null))
    assert found.p_value(null) == np.mean(np.abs(expected) >= own * (1 - 1e-9))
    low, high = inference.conf_int(0.8)[at]
    for limit in (low, high):
        distance = limit - found.estimate
        assert found.p_value(found.estimate + 0.9999 * distance) > 0.2
        assert found.p_value(found.estimate + 1.0001 * distance) <= 0.2


def test_effects_taken_out_are_as_good_as_dummies():
    X, outcome = columns_and_outcome(12)
    dummies = np.eye(5)[np.arange(40) % 5]
    both = np.column_stack([X[:, 1:], dummies])

    def without_effects(columns):
        return columns - dummies @ np.linalg.lstsq(dummies, columns, rcond=None)[0]

    left = regression(
        without_effects(X[:, 1:]), without_effects(outcome[:, None])[:, 0], without_effects=without_effects
    )
    for weights in ("rademacher", "webb"):
        tables = [
            wild_cluster_inference(
                part, WildClusters(draws=199, weights=weights), factor=1.3, rng=random_stream(3)
            )
            for part in (left, regression(both, outcome))
        ]
        np.testing.assert_array_equal(tables[0].p_value(), tables[1].p_value()[:2])
        np.testing.assert_allclose(tables[0].conf_int(0.9), tables[1].conf_int(0.9)[:2], rtol=1e-8)


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
