"""The batched trainer against networks trained one by one, on the same draws, in the same run."""

from __future__ import annotations

import warnings
from time import perf_counter, process_time

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from harness import Floats
from harness_neural.batch import Settings, Task, train
from neural_tasks import bootstrap_task, some_networks

N_DRAWS = 200
N_PROCESSES = 2
ROUNDS = 3


def held_out_error(task: Task, predicted: Floats) -> float:
    """Mean over draws of the squared error on the rows a draw left out, over its outcome's variance."""
    squares = np.square(predicted - task.outcome)
    shares = task.weights / task.weights.sum(axis=1, keepdims=True)
    mean = shares @ task.outcome
    variance = shares @ task.outcome**2 - mean**2
    return float(np.mean((squares * task.selection).sum(axis=1) / task.selection.sum(axis=1) / variance))


def train_part(task: Task, settings: Settings) -> Floats:
    return train(task, settings).networks.predict(task.X)


def in_processes(task: Task, settings: Settings, pool: Parallel) -> Floats:
    """Train halves of a task in processes of one thread each."""
    parts = np.array_split(np.arange(task.n_networks), N_PROCESSES)
    return np.concatenate(pool(delayed(train_part)(some_networks(task, part), settings) for part in parts))


def scikit_learn_one(X: Floats, outcome: Floats, weights: Floats, seed: int) -> Floats:
    rows = np.repeat(np.arange(len(outcome)), weights.astype(int))
    scaler = StandardScaler().fit(X[rows])
    model = MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return np.asarray(model.fit(scaler.transform(X[rows]), outcome[rows]).predict(scaler.transform(X)))


def scikit_learn(task: Task, pool: Parallel) -> Floats:
    jobs = [
        delayed(scikit_learn_one)(task.X, task.outcome, weights, seed)
        for seed, weights in enumerate(task.weights)
    ]
    return np.stack(pool(jobs))


@pytest.mark.benchmark(group="draws")
@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(patience=15),
        Settings(precision="float32"),
        Settings(patience=15, precision="float32"),
    ],
    ids=["as set by default", "less patience", "float32", "float32, less patience"],
)
def test_draws_against_scikit_learn(benchmark: BenchmarkFixture, settings: Settings) -> None:
    task = bootstrap_task(N_DRAWS)
    with Parallel(n_jobs=N_PROCESSES) as pool:
        in_processes(some_networks(task, np.arange(8)), Settings(max_steps=2), pool)
        start = perf_counter()
        theirs = scikit_learn(task, pool)
        seconds = perf_counter() - start
        ours = benchmark.pedantic(in_processes, args=(task, settings, pool), rounds=ROUNDS)
    errors = held_out_error(task, ours), held_out_error(task, theirs)
    benchmark.extra_info |= {
        "times as fast": seconds / benchmark.stats["min"],
        "held-out error": errors[0],
        "held-out error of scikit-learn": errors[1],
    }
    assert errors[0] <= 1.01 * errors[1]


def adam_one_by_one(task: Task, at: int, *, target: float, rate: float, most: int = 5000) -> int:
    """Train one network by torch's Adam until its held-out error is at the target; return its steps."""
    X, outcome = torch.from_numpy(task.X), torch.from_numpy(task.outcome)
    weights, aside = torch.from_numpy(task.weights[at]), torch.from_numpy(task.selection[at])
    shares, aside = weights / weights.sum(), aside / aside.sum()
    variance = shares @ outcome**2 - (shares @ outcome) ** 2
    torch.manual_seed(at)
    network = torch.nn.Sequential(torch.nn.Linear(27, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    for step in range(most):
        optimiser.zero_grad()
        squares = (network(X)[:, 0] - outcome).square()
        if float((squares.detach() @ aside) / variance) <= target:
            return step
        (squares @ shares).backward()
        optimiser.step()
    return most


@pytest.mark.benchmark(group="draws, one thread", timer=process_time)
def test_draws_against_a_plain_loop_of_adam(benchmark: BenchmarkFixture) -> None:
    task = bootstrap_task(N_DRAWS)
    torch.set_num_threads(1)
    few = np.arange(0, N_DRAWS, N_DRAWS // 8)
    train(some_networks(task, few), Settings(max_steps=2))
    trained = benchmark.pedantic(train, args=(task, Settings()), rounds=ROUNDS)
    seconds, steps = {}, {}
    for rate in (0.01, 0.03):
        start = process_time()
        taken = [
            adam_one_by_one(task, at, target=float(trained.selection[at]), rate=rate) for at in few.tolist()
        ]
        seconds[rate] = (process_time() - start) / few.size
        steps[rate] = float(np.mean(taken))
    best = min(seconds, key=lambda rate: seconds[rate])
    benchmark.extra_info |= {
        "times as fast": seconds[best] / (benchmark.stats["min"] / N_DRAWS),
        "steps of adam": steps[best],
        "rate of adam": best,
        "steps of ours": float(trained.steps.mean()),
    }
