"""Measure networks that train one after the other beside a batch: the time of a step, and errors.

Run in a checkout as ``OMP_NUM_THREADS=1 python benchmarks/in_turn.py``. Prints, for some numbers of rows and
of networks, processor time of a step of one network by SciPy's L-BFGS and in a batch, and then the mean of
log ratios of their squared errors on new entities, over panels of four shapes and three sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import numpy as np

from harness.plugin import Floats
from harness_neural.batch import training
from harness_neural.batch.in_turn import ScipyLbfgs, train_in_turn
from harness_neural.batch.optimisers import Lbfgs
from harness_neural.batch.passes import one_thread
from harness_neural.batch.progress import Trained
from harness_neural.batch.task import Settings, TrainingTask, initial_values

Trainer = Callable[[TrainingTask, Settings], Trained]
N_PANELS, N_UNITS, N_ROUNDS = 10, 6, 5
SHAPES: dict[str, Callable[[Floats], Floats]] = {
    "a line": lambda X: X[:, 0] + 0.5 * X[:, 1],
    "a wave and a product": lambda X: np.sin(X[:, 0]) + X[:, 0] * X[:, 1] + X[:, 2],
    "a step": lambda X: 2.0 * (X[:, 0] > 0.0) + X[:, 1],
    "nothing": lambda X: np.zeros(len(X)),
}


def in_turn(task: TrainingTask, settings: Settings) -> Trained:
    """Train any number of networks one after the other."""
    with one_thread():
        return train_in_turn(task, settings, ScipyLbfgs(Lbfgs()))


def make_rows(
    shape: str, *, n_entities: int, n_periods: int, n_inputs: int, seed: int
) -> tuple[Floats, Floats]:
    """Return standardised inputs and outcome of twice as many entities, whose second half is new."""
    rng = np.random.default_rng(seed)
    entity = rng.normal(size=(2 * n_entities, 1, n_inputs))
    X = (entity + 0.5 * rng.normal(size=(2 * n_entities, n_periods, n_inputs))).reshape(-1, n_inputs)
    y = SHAPES[shape](X) + 0.5 * rng.normal(size=len(X))
    known = slice(n_entities * n_periods)
    return (X - X[known].mean(axis=0)) / X[known].std(axis=0), (y - y[known].mean()) / y[known].std()


def make_task(X: Floats, y: Floats, *, n_networks: int, seed: int) -> TrainingTask:
    """Return networks that select on the first fifth of the rows."""
    aside = np.zeros((n_networks, len(X)))
    aside[:, : len(X) // 5] = 1.0
    sizes, rng = np.full(n_networks, N_UNITS), np.random.default_rng(seed)
    start = initial_values(sizes, n_inputs=X.shape[1], rng=rng)
    return TrainingTask(X, y, 1.0 - aside, aside, start, sizes, np.full(n_networks, 100))


def step_time(train: Trainer, task: TrainingTask) -> float:
    """Return the least microseconds of a step of a network."""
    settings, found = Settings(patience=1000, max_steps=100, tolerance=0.0), []
    for _ in range(N_ROUNDS):
        start = process_time()
        trained = train(task, settings)
        found.append((process_time() - start) / float(trained.steps.sum()))
    return 1e6 * min(found)


def log_ratio(X: Floats, y: Floats, *, seed: int) -> float:
    """Return the log of the error on new entities of a network trained by itself over that in a batch."""
    n_known = len(X) // 2
    task = make_task(X[:n_known], y[:n_known], n_networks=1, seed=seed)
    errors = [
        np.square(train(task, Settings(patience=150)).networks.predict(X[n_known:])[0] - y[n_known:]).mean()
        for train in (in_turn, training.train)
    ]
    return float(np.log(errors[0] / errors[1]))


def main() -> None:
    """Measure and print."""
    for n_entities in (22, 67, 273):
        X, y = make_rows("a wave and a product", n_entities=n_entities, n_periods=9, n_inputs=27, seed=0)
        known = len(X) // 2
        for n_networks in (1, 3, 10):
            task = make_task(X[:known], y[:known], n_networks=n_networks, seed=0)
            alone, batch = (step_time(train, task) for train in (in_turn, training.train))
            print(
                f"{known} rows, {n_networks} networks: {alone:.0f} µs a step, {batch:.0f} µs in a batch",
                flush=True,
            )
    ratios = []
    for shape in SHAPES:
        for n_entities, n_periods, n_inputs in ((30, 8, 5), (100, 8, 10), (273, 9, 27)):
            sizes = {"n_entities": n_entities, "n_periods": n_periods, "n_inputs": n_inputs}
            rows = [make_rows(shape, **sizes, seed=seed) for seed in range(N_PANELS)]
            own = [log_ratio(*pair, seed=1000 + seed) for seed, pair in enumerate(rows)]
            print(f"{shape}, {n_entities} entities: log ratio of errors {np.mean(own):.3f}", flush=True)
            ratios += own
    spread = np.std(ratios) / len(ratios) ** 0.5
    print(f"all: log ratio of errors {np.mean(ratios):.3f}, standard error {spread:.3f}")


if __name__ == "__main__":
    main()
