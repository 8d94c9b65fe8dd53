"""The batched trainer against networks trained one by one, on the same draws, in the same run."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from harness.plugin import Floats
from harness_neural.batch.task import Settings, TrainingTask
from harness_neural.batch.training import train
from harness_neural.options import NetworkOptions
from neural_tasks import some_networks
from study_tasks import bootstrap_task, fresh_rows

N_DRAWS = 200
N_PROCESSES = 2
ROUNDS = 3
MOST_ADAM_STEPS = 3000


def train_part(task: TrainingTask, settings: Settings, X: Floats) -> Floats:
    return train(task, settings).networks.predict(X)


def in_processes(task: TrainingTask, settings: Settings, X: Floats, pool: Parallel) -> Floats:
    """Train halves of a task in processes of one thread each."""
    parts = np.array_split(np.arange(task.n_networks), N_PROCESSES)
    jobs = [delayed(train_part)(some_networks(task, part), settings, X) for part in parts]
    return np.concatenate(pool(jobs))


def scikit_learn_one(task: TrainingTask, fresh: Floats, seed: int) -> Floats:
    """Train scikit-learn's network, at its defaults, on the task of one draw."""
    rows = np.repeat(np.arange(len(task.outcome)), task.weights[0].astype(int))
    scaler = StandardScaler().fit(task.X[rows])
    model = MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(scaler.transform(task.X[rows]), task.outcome[rows])
    return np.asarray(model.predict(scaler.transform(fresh)))


def scikit_learn(task: TrainingTask, fresh: Floats, pool: Parallel) -> Floats:
    alone = [some_networks(task, np.array([at])) for at in range(task.n_networks)]
    return np.stack(pool(delayed(scikit_learn_one)(one, fresh, at) for at, one in enumerate(alone)))


@dataclass(frozen=True)
class Race:
    """Draws trained by us and by scikit-learn.

    Attributes
    ----------
    seconds, their_seconds : of the fastest round
    errors, their_errors : (n_draws,), mean squared errors on entities that no draw has seen
    """

    seconds: float
    their_seconds: float
    errors: Floats
    their_errors: Floats

    @property
    def times_as_fast(self) -> float:
        return self.their_seconds / self.seconds

    def as_info(self) -> dict[str, float]:
        differences = self.errors - self.their_errors
        return {
            "times as fast": self.times_as_fast,
            "error on fresh entities": float(self.errors.mean()),
            "of scikit-learn": float(self.their_errors.mean()),
            "standard error of the difference": float(differences.std() / np.sqrt(differences.size)),
        }


def run_race(benchmark: BenchmarkFixture, task: TrainingTask, settings: Settings, *, rounds: int) -> Race:
    """Run both in turn, so that other work on the machine slows both; the fastest run of each counts."""
    X, outcome = fresh_rows()
    seconds: list[float] = []
    found: list[Floats] = []

    def run_theirs() -> None:
        start = perf_counter()
        found.append(scikit_learn(task, X, pool))
        seconds.append(perf_counter() - start)

    with Parallel(n_jobs=N_PROCESSES) as pool:
        in_processes(some_networks(task, np.arange(8)), Settings(max_steps=2), X, pool)
        ours = benchmark.pedantic(
            lambda: in_processes(task, settings, X, pool), setup=run_theirs, rounds=rounds
        )
    errors, their_errors = (np.mean(np.square(one - outcome), axis=1) for one in (ours, found[0]))
    return Race(benchmark.stats["min"], min(seconds), errors, their_errors)


@pytest.mark.benchmark(group="draws")
@pytest.mark.parametrize(
    "settings",
    [
        NetworkOptions().settings(),
        Settings(patience=40),
        Settings(patience=20),
        Settings(patience=40, precision="float32"),
    ],
    ids=["default", "patience 40", "patience 20", "patience 40, float32"],
)
def test_draws_against_scikit_learn(benchmark: BenchmarkFixture, settings: Settings) -> None:
    """Both train until they stop by themselves: ours on the rows a draw left out, theirs at 200 steps."""
    task = bootstrap_task(N_DRAWS)
    race = run_race(benchmark, task, settings, rounds=ROUNDS)
    benchmark.extra_info |= race.as_info()


@pytest.mark.benchmark(group="draws to one error")
def test_a_thousand_draws_to_the_error_of_scikit_learn(benchmark: BenchmarkFixture) -> None:
    """Ours are given so few steps that they are about as accurate as theirs on entities never seen."""
    race = run_race(benchmark, bootstrap_task(1000), Settings(max_steps=20), rounds=1)
    benchmark.extra_info |= race.as_info()
    assert race.errors.mean() <= 1.01 * race.their_errors.mean()
    assert race.times_as_fast >= 10.0


def adam_errors(task: TrainingTask, at: int, *, rate: float) -> Floats:
    """Train one network by torch's Adam; return the least error so far on the rows left out, by step."""
    X, outcome = torch.from_numpy(task.X), torch.from_numpy(task.outcome)
    weights, aside = torch.from_numpy(task.weights[at]), torch.from_numpy(task.selection[at])
    shares, aside = weights / weights.sum(), aside / aside.sum()
    variance = shares @ outcome**2 - (shares @ outcome) ** 2
    torch.manual_seed(at)
    network = torch.nn.Sequential(torch.nn.Linear(27, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    errors = np.empty(MOST_ADAM_STEPS)
    for step in range(MOST_ADAM_STEPS):
        optimiser.zero_grad()
        squares = (network(X)[:, 0] - outcome).square()
        errors[step] = float((squares.detach() @ aside) / variance)
        (squares @ shares).backward()
        optimiser.step()
    return np.minimum.accumulate(errors)


@pytest.mark.benchmark(group="draws, one thread", timer=process_time)
@pytest.mark.parametrize("rate", [0.003, 0.01, 0.03])
def test_draws_against_a_plain_loop_of_adam(benchmark: BenchmarkFixture, rate: float) -> None:
    """Both are stopped on the rows a draw left out; Adam as soon as its mean error there is that of ours."""
    task = bootstrap_task(N_DRAWS)
    torch.set_num_threads(1)
    few = np.arange(0, N_DRAWS, N_DRAWS // 8)
    errors: list[Floats] = []
    seconds: list[float] = []

    def run_adam() -> None:
        start = process_time()
        errors.append(adam_errors(task, int(few[len(errors)]), rate=rate))
        seconds.append(process_time() - start)

    trained = benchmark.pedantic(lambda: train(task, Settings(patience=40)), setup=run_adam, rounds=few.size)
    mean_errors, seconds_a_step = np.mean(errors, axis=0), min(seconds) / MOST_ADAM_STEPS
    target = float(trained.selection[few].mean())
    steps = int(np.count_nonzero(mean_errors > target))
    times_as_fast = steps * seconds_a_step / (benchmark.stats["min"] / N_DRAWS)
    benchmark.extra_info |= {
        "times as fast, at least": times_as_fast,
        "reached": bool(mean_errors[-1] <= target),
        "steps of adam": steps,
        "error of ours": target,
        "least error of adam": float(mean_errors[-1]),
    }
    assert times_as_fast >= 50.0
