"""Measure what a study costs a row, a draw and a task, for ``docs/measured/performance.md``.

Run as ``PYTHONPATH=tests:benchmarks OMP_NUM_THREADS=1 python benchmarks/planning.py``. Times are
those of the processor, the least of several runs, so that other work on the machine counts little.
"""

from __future__ import annotations

import os
import pickle
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter, process_time

import numpy as np
import torch

from harness.running.cluster import DaskWorkers
from harness.running.graph import execute
from harness.running.workers import LocalWorkers, Workers
from harness.scenarios.draws import cut_draws
from harness_neural.batch.networks import FixedInputs
from harness_neural.batch.task import Settings
from harness_neural.batch.training import train
from harness_neural.fits import mean_profile
from harness_neural.options import NetworkOptions
from study_tasks import bootstrap_task
from worker_tasks import Square

ROUNDS = 3
FEW_STEPS = 20
N_DRAWS = 64
ENTITIES = (273, 1092, 4368)
PERIODS = 9
PLANNED = ((2457, 1000), (2457, 10_000), (100_000, 1000), (1_000_000, 100), (1_000_000, 100_000))
MEMORY = """
import resource, sys
import numpy as np
from harness import draw_weights, left_out
from harness_neural.mlp import Mlp
from study_tasks import bootstrap_task
from panels import panel_from_arrays

n_draws, n_entities = map(int, sys.argv[1:])
task = bootstrap_task(1, n_entities=n_entities)
entity, period = (axis.ravel() for axis in np.indices((n_entities, 9)))
panel = panel_from_arrays(entity=entity, period=period, outcome=task.outcome, X=task.X)
weights = draw_weights(panel, n_draws, unit="entity", rng=np.random.default_rng(0))
estimator = Mlp(hidden=8, restarts=1, max_steps=2)
rng = np.random.default_rng(0)
fitted = estimator.fit_draws(panel, weights=weights, selection=left_out(weights), rng=rng)
fitted.profile(panel, ("x0",), np.linspace(-2.0, 2.0, 40)[:, None])
print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@dataclass(frozen=True)
class Costs:
    """What one worker needs.

    Attributes
    ----------
    step : processor seconds of one training step of one draw, a row
    steps : of a draw until it stops
    curve, surface : processor seconds of the mean predictions of one draw on 40 and on 900 points, a row
    base : bytes of a worker with its libraries and a small panel
    draw_row : further bytes for each draw and row of a fit
    task : wall seconds that a task costs beside its work
    """

    step: float
    steps: float
    curve: float
    surface: float
    base: float
    draw_row: float
    task: float

    def seconds(self, n_draws: int, n_rows: int) -> float:
        """Return worker-seconds of the draws of one fit: training, a curve and four surfaces."""
        return n_draws * n_rows * (self.steps * self.step + self.curve + 4.0 * self.surface)

    def memory(self, n_draws: int, n_rows: int) -> float:
        """Return bytes of a worker that has a block of the draws of one fit."""
        return self.base + self.draw_row * len(next(cut_draws(n_draws, n_obs=n_rows))) * n_rows


def least(call: Callable[[], object], *, clock: Callable[[], float] = process_time) -> float:
    """Return the seconds of the fastest of several calls."""
    found = []
    for _ in range(ROUNDS):
        start = clock()
        call()
        found.append(clock() - start)
    return min(found)


def step_seconds(n_entities: int) -> float:
    """Return seconds of a training step, a draw and row."""
    task = bootstrap_task(N_DRAWS, n_entities=n_entities)
    settings = Settings(max_steps=FEW_STEPS, patience=FEW_STEPS)
    return least(lambda: train(task, settings)) / (N_DRAWS * n_entities * PERIODS * FEW_STEPS)


def profile_seconds(n_points: int) -> float:
    """Return seconds of mean predictions at some points of a curve, or of a plane, a draw and row."""
    task = bootstrap_task(N_DRAWS)
    networks = train(task, Settings(max_steps=FEW_STEPS)).networks
    points = np.random.default_rng(0).uniform(-2.0, 2.0, (n_points, 1 if n_points < 100 else 2))
    moved = FixedInputs(np.arange(points.shape[1]), points)
    return least(lambda: mean_profile(networks, task.X, moved)) / (N_DRAWS * len(task.X))


def peak_bytes(n_draws: int, n_entities: int) -> float:
    """Return the most memory that a process of its own takes for the draws of one fit."""
    words = [sys.executable, "-c", MEMORY, str(n_draws), str(n_entities)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=dict(os.environ))
    return float(done.stdout)


def task_seconds(workers: Workers, *, n_tasks: int = 400) -> float:
    """Return the wall seconds of a task without work, beyond those of starting the workers."""

    def run(count: int) -> None:
        execute([Square(number) for number in range(count)], workers=workers, on_done=lambda _: None)

    few, many = (least(partial(run, count), clock=perf_counter) for count in (2, n_tasks))
    return (many - few) / (n_tasks - 2)


def measure() -> tuple[Costs, list[str]]:
    """Return unit costs, and the lines that show how they were found."""
    steps_by_rows = {n * PERIODS: step_seconds(n) for n in ENTITIES}
    options = NetworkOptions()
    stopped = train(bootstrap_task(N_DRAWS), options.settings()).steps.mean()
    small, draws, rows = peak_bytes(20, 273), peak_bytes(2000, 273), peak_bytes(500, 4368)
    per_draw_row = max((draws - small) / (1980 * 273 * PERIODS), (rows - small) / (500 * 4368 * PERIODS))
    overheads = {"local": task_seconds(LocalWorkers(2)), "dask": task_seconds(DaskWorkers(None, 2))}
    costs = Costs(
        step=max(steps_by_rows.values()),
        steps=float(stopped),
        curve=profile_seconds(40),
        surface=profile_seconds(900),
        base=small,
        draw_row=per_draw_row,
        task=max(overheads.values()),
    )
    panel_bytes = len(pickle.dumps(bootstrap_task(1).X))
    lines = [
        "| cost | measured |",
        "|---|---|",
        *(
            f"| training step of a draw, per row, at {n:,} rows | {1e9 * s:.0f} ns |"
            for n, s in steps_by_rows.items()
        ),
        f"| steps of a draw until it stops (patience {options.settings().patience}) | {costs.steps:.0f} |",
        f"| curve of 40 points, per draw and row | {1e9 * costs.curve:.0f} ns |",
        f"| surface of 900 points, per draw and row | {1e9 * costs.surface:.0f} ns |",
        f"| memory of a worker with libraries and 20 draws on 2,457 rows | {costs.base / 1e6:.0f} MB |",
        f"| further memory for each draw and row | {costs.draw_row:.0f} bytes |",
        *(f"| a task without work, {name} | {1e3 * s:.1f} ms |" for name, s in overheads.items()),
        f"| columns that travel with a task on 2,457 rows | {panel_bytes / 1e6:.1f} MB |",
    ]
    return costs, lines


def span(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"


def plan_lines(costs: Costs) -> list[str]:
    """Return what studies of several sizes need."""
    lines = [
        "| rows | draws | blocks | worker time of a fit | by draw | memory of a worker |",
        "|---|---|---|---|---|---|",
    ]
    for n_rows, n_draws in PLANNED:
        whole, memory = costs.seconds(n_draws, n_rows), costs.memory(n_draws, n_rows) / 1e9
        one = costs.seconds(1, n_rows)
        each = f"{1e3 * one:.0f} ms" if one < 2.0 else span(one)
        blocks = sum(1 for _ in cut_draws(n_draws, n_obs=n_rows))
        lines.append(f"| {n_rows:,} | {n_draws:,} | {blocks:,} | {span(whole)} | {each} | {memory:,.1f} GB |")
    return lines


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    costs, lines = measure()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    print(f"Measured on {machine}.", "", *lines, "", *plan_lines(costs), sep="\n")


if __name__ == "__main__":
    main()
