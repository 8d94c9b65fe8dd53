from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from minisom import MiniSom
from sklearn.metrics import adjusted_rand_score

from harness.plugin import Floats
from harness_neural.names import MapTraining
from harness_neural.som import SelfOrganisingMap, batch_step, fit_map, grid_shape, make_grid, neighbourhood

PRODUC = "tests/reference/r/data/produc.csv"
# Mean over seeds of a 2 x 2 map by R's kohonen on produc.csv, five standardised columns.
KOHONEN_ERROR = 0.9926


@pytest.fixture
def produc(request: pytest.FixtureRequest) -> Floats:
    table = pd.read_csv(request.config.rootpath / PRODUC)
    X = table[["lgsp", "lpcap", "lpc", "lemp", "unemp"]].to_numpy()
    return np.asarray((X - X.mean(axis=0)) / X.std(axis=0, ddof=1))


@pytest.fixture
def four_clouds() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(4)
    cloud = np.repeat(np.arange(4), 50)
    centres = 6.0 * np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]])
    return centres[cloud] + rng.normal(size=(200, 3)), cloud


@pytest.mark.parametrize("n_starts", [1, 5])
def test_quantization_error_on_produc_is_that_of_kohonen(produc: Floats, n_starts: int) -> None:
    fitted = fit_map(
        produc, n_clusters=4, training="batch", n_starts=n_starts, n_passes=50, rng=np.random.default_rng(0)
    )
    assert fitted.quantization_error <= 1.05 * KOHONEN_ERROR


@pytest.mark.parametrize("training", ["batch", "sequential"])
def test_clouds_far_apart_are_told_apart(four_clouds: tuple[Floats, Floats], training: MapTraining) -> None:
    X, cloud = four_clouds
    fitted = fit_map(
        X, n_clusters=4, training=training, n_starts=3, n_passes=50, rng=np.random.default_rng(0)
    )
    assert adjusted_rand_score(cloud, fitted.map.assign(X)) > 0.98


def test_batch_step_agrees_with_minisom(produc: Floats) -> None:
    theirs = MiniSom(2, 3, 5, sigma=0.8, learning_rate=1.0, random_seed=1)
    theirs.random_weights_init(produc)
    start = theirs.get_weights().reshape(6, 5).copy()
    theirs.train_batch_offline(produc, 1)
    ours = batch_step(produc, start, neighbourhood(make_grid(6), 0.8))
    np.testing.assert_allclose(ours, theirs.get_weights().reshape(6, 5), rtol=1e-10)


def test_errors_agree_with_minisom(produc: Floats) -> None:
    theirs = MiniSom(3, 3, 5, random_seed=1)
    theirs.random_weights_init(produc)
    ours = SelfOrganisingMap(make_grid(9), theirs.get_weights().reshape(9, 5))
    assert ours.quantization_error(produc) == pytest.approx(theirs.quantization_error(produc), rel=1e-12)
    assert ours.topographic_error(produc) == pytest.approx(theirs.topographic_error(produc), rel=1e-12)
    assert theirs.topographic_error(produc) > 0.0


def test_batch_training_ends_at_the_means_of_the_clusters(produc: Floats) -> None:
    fitted = fit_map(
        produc, n_clusters=4, training="batch", n_starts=1, n_passes=50, rng=np.random.default_rng(0)
    )
    cluster = fitted.map.assign(produc)
    means = np.stack([produc[cluster == at].mean(axis=0) for at in range(4)])
    np.testing.assert_allclose(fitted.map.codebook, means, atol=1e-8)


@pytest.mark.parametrize(
    ("n_clusters", "shape"), [(1, (1, 1)), (4, (2, 2)), (5, (1, 5)), (6, (2, 3)), (12, (3, 4))]
)
def test_grid_is_the_nearest_to_a_square(n_clusters: int, shape: tuple[int, int]) -> None:
    assert grid_shape(n_clusters) == shape
    assert make_grid(n_clusters).max(axis=0).tolist() == [shape[0] - 1.0, shape[1] - 1.0]
