"""Curves and surfaces by profile against predicting every row at every point."""

from __future__ import annotations

from functools import cache
from time import process_time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness import Panel
from harness.plugin import Floats, draw_weights, left_out
from harness_neural.fits import FittedNetworkDraws
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from neural_tasks import panel_of_cities

N_DRAWS = 100
CURVE = np.linspace(-2.0, 2.0, 40)[:, None]
SURFACE = np.stack(np.meshgrid(*[np.linspace(-2.0, 2.0, 30)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
ESTIMATORS: dict[str, Mlp | SomAnn] = {
    "mlp": Mlp(hidden=8, restarts=1),
    "network a cluster": SomAnn(hidden=8, restarts=1),
    "dummies": SomAnn(hidden=8, restarts=1, combine="one_hot"),
}


panel = cache(panel_of_cities)


@cache
def draws(name: str) -> tuple[FittedNetworkDraws, float]:
    """Draws of an estimator, and the seconds it took to train them."""
    weights = draw_weights(panel(), N_DRAWS, unit="entity", rng=np.random.default_rng(0))
    start = process_time()
    fitted = ESTIMATORS[name].fit_draws(
        panel(), weights=weights, selection=left_out(weights), rng=np.random.default_rng(0)
    )
    return fitted, process_time() - start


def moved(columns: tuple[str, ...], point: Floats) -> Panel:
    """The panel in which some columns have one value in all rows."""
    found = panel()
    for name, value in zip(columns, point.tolist(), strict=True):
        found = found.with_column(name, value)
    return found


@pytest.mark.benchmark(group="profiles", timer=process_time)
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("columns", "points"), [(("x0",), CURVE), (("x0", "x1"), SURFACE)], ids=["curve", "surface"]
)
def test_profile_against_predictions(
    benchmark: BenchmarkFixture, name: str, columns: tuple[str, ...], points: Floats
) -> None:
    fitted, seconds_to_train = draws(name)
    found = benchmark.pedantic(fitted.profile, args=(panel(), columns, points), rounds=3)
    some = np.arange(0, len(points), len(points) // 10)
    start = process_time()
    expected = [fitted.predict(moved(columns, points[at])).mean(axis=1) for at in some]
    seconds = (process_time() - start) * len(points) / some.size
    error = np.abs(found[:, some] - np.stack(expected, axis=1)).max()
    benchmark.extra_info |= {
        "times as fast": seconds / benchmark.stats["min"],
        "share of training": benchmark.stats["min"] / seconds_to_train,
        "error in deviations": float(error / panel().observed.std()),
    }
    assert error < 1e-6 * panel().observed.std()
