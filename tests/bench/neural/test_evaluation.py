"""One loss and gradient against what the machine can do, measured in the same run."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness_neural.batch.blocks import batch_width
from harness_neural.batch.objective import DTYPES, Objective
from harness_neural.batch.threads import one_thread
from harness_neural.names import Precision
from neural_tasks import bootstrap_task

N_ROWS, N_INPUTS, N_UNITS = 2457, 27, 8


def fastest(call: Callable[[], object], *, rounds: int = 30) -> float:
    """Seconds of the fastest of several calls."""
    found = []
    for _ in range(rounds):
        start = process_time()
        call()
        found.append(process_time() - start)
    return min(found)


def roofline(dtype: torch.dtype) -> float:
    """Seconds of one network's matrix products at the measured peak and of its activations in the cache."""
    square = torch.randn(1024, 1024, dtype=dtype)
    product = torch.empty_like(square)
    peak = 2.0 * 1024**3 / fastest(lambda: torch.mm(square, square, out=product), rounds=10)
    values = torch.randn(64 * 1024, dtype=dtype)
    each = fastest(values.sigmoid_) / values.numel()
    n_products = 2.0 * N_ROWS * (N_INPUTS + 1) * N_UNITS
    return 2.0 * n_products / peak + N_ROWS * N_UNITS * each


@pytest.mark.benchmark(group="evaluation", timer=process_time)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_evaluation_against_the_roofline(benchmark: BenchmarkFixture, precision: Precision) -> None:
    task = bootstrap_task(128)
    objective = Objective(task, activation="tanh", weight_decay=0.0, precision=precision)
    width = batch_width(N_UNITS, blocks=objective.blocks)
    objective.admit(np.arange(width))
    points = torch.from_numpy(task.start[:width])
    with one_thread():
        bound = roofline(DTYPES[precision])
        benchmark.pedantic(objective.evaluate, args=(points,), rounds=40, warmup_rounds=3)
        bound = min(bound, roofline(DTYPES[precision]))
    each = benchmark.stats["min"] / width
    benchmark.extra_info |= {"microseconds a network": 1e6 * each, "times the roofline": each / bound}
    assert each <= 2.0 * bound
