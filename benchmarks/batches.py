"""Networks trained on all rows a step, as the harness does, and on a few hundred, as large panels invite to.

Run in a checkout as ``PYTHONPATH=tests OMP_NUM_THREADS=1 python benchmarks/batches.py [ENTITIES ...]``. The
error is that of the mean of four networks on entities held out, over the variance of the outcome; seconds are
those of the processor, of one network.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from time import process_time

import numpy as np
import torch

from harness.plugin import Floats
from harness_neural.batch.task import Settings, TrainingTask, initial_values
from harness_neural.batch.training import train
from harness_neural.options import NetworkOptions
from measured import Measured
from study_tasks import study_rows

TABLE = Measured("network_batches.csv", ("rows", "a step takes", "passes", "error", "seconds of a network"))

N_NETWORKS, N_UNITS, N_INPUTS, N_PERIODS = 4, 8, 27, 9
HELD_OUT = 2000
BATCH, RATE = 256, 0.01
PASSES = (1, 3, 10, 30)
"""Times that every row is used."""


def rows(n_entities: int) -> tuple[Floats, Floats]:
    """Return inputs and standardised outcome."""
    X, outcome = study_rows(np.random.default_rng(0), n_entities=n_entities, n_inputs=N_INPUTS)
    return X, (outcome - outcome.mean()) / outcome.std()


def whole(X: Floats, outcome: Floats, n_train: int) -> tuple[Floats, str]:
    """Return predictions of networks that take all training rows a step, and how many steps they take."""
    entity = np.arange(n_train) // N_PERIODS
    selects = np.broadcast_to(entity % 10 == 0, (N_NETWORKS, n_train)).astype(np.float64)
    sizes, settings = np.full(N_NETWORKS, N_UNITS), NetworkOptions().settings()
    task = TrainingTask(
        X=X[:n_train],
        outcome=outcome[:n_train],
        weights=1.0 - selects,
        selection=selects,
        start=initial_values(sizes, n_inputs=N_INPUTS, rng=np.random.default_rng(1)),
        n_units=sizes,
        blind_steps=np.full(N_NETWORKS, Settings().max_steps),
    )
    done = train(task, settings)
    return np.asarray(done.networks.predict(X[n_train:])).mean(axis=0), f"{done.steps.mean():.0f} steps"


def some_at_a_time(X: Floats, outcome: Floats, n_train: int, passes: int) -> Floats:
    """Return predictions of networks trained by Adam on batches of rows, at a rate that falls to zero."""
    torch.manual_seed(0)
    inputs, target = torch.tensor(X), torch.tensor(outcome)
    n_steps = passes * (n_train // BATCH)
    found = []
    for _ in range(N_NETWORKS):
        layers = torch.nn.Linear(N_INPUTS, N_UNITS), torch.nn.Tanh(), torch.nn.Linear(N_UNITS, 1)
        network = torch.nn.Sequential(*layers).double()
        descent = torch.optim.Adam(network.parameters(), lr=RATE)
        falling = torch.optim.lr_scheduler.OneCycleLR(descent, RATE, total_steps=n_steps)
        for _ in range(passes):
            for batch in torch.randperm(n_train)[: n_train // BATCH * BATCH].reshape(-1, BATCH):
                descent.zero_grad()
                loss = torch.mean((network(inputs[batch])[:, 0] - target[batch]) ** 2)
                torch.autograd.backward(loss)
                descent.step()
                falling.step()
        with torch.no_grad():
            found.append(network(inputs[n_train:])[:, 0].numpy())
    return np.asarray(np.mean(found, axis=0))


def main() -> None:
    """Print a row for each size of panel and way to train."""
    torch.set_num_threads(1)
    TABLE.write(rows_of(map(int, sys.argv[1:] or ("1092", "10920"))))


def rows_of(sizes: Iterable[int]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of panels of so many entities."""
    for n_entities in sizes:
        X, outcome = rows(n_entities + HELD_OUT)
        n_train = n_entities * N_PERIODS
        start = process_time()
        predicted, steps = whole(X, outcome, n_train)
        told = [("all rows", steps, predicted, process_time() - start)]
        for passes in PASSES:
            start = process_time()
            predicted = some_at_a_time(X, outcome, n_train, passes)
            told.append((f"{BATCH} rows", f"{passes}", predicted, process_time() - start))
        for what, often, predicted, seconds in told:
            error = np.mean((predicted - outcome[n_train:]) ** 2)
            each = seconds / N_NETWORKS
            yield f"{n_train:,}", what, often, f"{error:.4f}", f"{each:.1f}"


if __name__ == "__main__":
    main()
