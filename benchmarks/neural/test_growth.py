"""How time and memory grow."""

from __future__ import annotations

import subprocess
import sys
from time import process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness_neural.batch.task import Settings
from harness_neural.batch.training import train
from study_tasks import bootstrap_task

FEW_STEPS = Settings(max_steps=20, patience=20)
MEMORY = """
import resource
import numpy as np
from harness import draw_weights, left_out
from harness_neural.mlp import Mlp
from study_tasks import bootstrap_task
from panels import panel_from_arrays

task = bootstrap_task(1)
panel = panel_from_arrays(
    entity=np.repeat(np.arange(273), 9), period=np.tile(np.arange(9), 273), outcome=task.outcome, X=task.X
)
weights = draw_weights(panel, 10_000, unit="entity", rng=np.random.default_rng(0))
estimator = Mlp(hidden=8, restarts=1, max_steps=10)
rng = np.random.default_rng(0)
fitted = estimator.fit_draws(panel, weights=weights, selection=left_out(weights), rng=rng)
fitted.profile(panel, ("x0",), np.linspace(-2.0, 2.0, 40)[:, None])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)
"""


@pytest.mark.benchmark(group="growth in draws", timer=process_time)
@pytest.mark.parametrize("n_draws", [128, 256, 512, 1024])
def test_growth_in_draws(benchmark: BenchmarkFixture, n_draws: int) -> None:
    task = bootstrap_task(n_draws)
    benchmark.pedantic(train, args=(task, FEW_STEPS), rounds=3)
    benchmark.extra_info["milliseconds a draw"] = 1e3 * benchmark.stats["min"] / n_draws


@pytest.mark.benchmark(group="growth in rows", timer=process_time)
@pytest.mark.parametrize("n_entities", [273, 546, 1092, 2184])
def test_growth_in_rows(benchmark: BenchmarkFixture, n_entities: int) -> None:
    task = bootstrap_task(128, n_entities=n_entities)
    benchmark.pedantic(train, args=(task, FEW_STEPS), rounds=3)
    each = benchmark.stats["min"] / (128 * n_entities * 9)
    benchmark.extra_info["nanoseconds a draw and row"] = 1e9 * each


@pytest.mark.benchmark(group="growth in inputs", timer=process_time)
@pytest.mark.parametrize("n_inputs", [7, 27, 107])
def test_growth_in_inputs(benchmark: BenchmarkFixture, n_inputs: int) -> None:
    task = bootstrap_task(128, n_inputs=n_inputs)
    benchmark.pedantic(train, args=(task, FEW_STEPS), rounds=3)
    benchmark.extra_info["milliseconds a draw"] = 1e3 * benchmark.stats["min"] / 128


@pytest.mark.benchmark(group="memory")
def test_ten_thousand_draws_fit_two_gigabytes(
    benchmark: BenchmarkFixture, pytestconfig: pytest.Config
) -> None:
    root = pytestconfig.rootpath

    def run() -> float:
        done = subprocess.run(
            [sys.executable, "-c", MEMORY],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": f"{root}/tests:{root}/benchmarks", "OMP_NUM_THREADS": "1"},
        )
        return float(done.stdout)

    peak = benchmark.pedantic(run, rounds=1)
    benchmark.extra_info["gigabytes at most"] = peak
    assert peak < 2.0
