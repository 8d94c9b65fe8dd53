"""Training tasks and panels with a known truth, for tests of networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from scipy import optimize

from harness import Panel
from harness.plugin import Floats, Ints
from harness_neural.batch.objective import Objective
from harness_neural.batch.optimisers import Evaluation
from harness_neural.batch.task import Settings, TrainingTask, initial_values
from harness_neural.names import Activation, OutputWeights
from panels import panel_from_arrays


def make_task(
    *,
    n_obs: int = 300,
    n_inputs: int = 4,
    n_units: tuple[int, ...] = (3, 3, 3),
    noise: float = 0.3,
    seed: int = 1,
) -> TrainingTask:
    """Return a task of a curved truth with noise: bootstrap weights, selection on the rows left out."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_obs, n_inputs))
    outcome = np.tanh(2.0 * X[:, 0]) + 0.5 * X[:, 1] ** 2 + noise * rng.normal(size=n_obs)
    sizes = np.array(n_units)
    return task_of(
        X, outcome, rng.multinomial(n_obs, np.full(n_obs, 1.0 / n_obs), size=sizes.size), sizes, rng
    )


def task_of(X: Floats, outcome: Floats, counts: Ints, sizes: Ints, rng: np.random.Generator) -> TrainingTask:
    """Return the task of bootstrap draws, (n_networks, n_obs), of networks of some sizes, (n_networks,)."""
    return TrainingTask(
        X=X,
        outcome=(outcome - outcome.mean()) / outcome.std(),
        weights=counts.astype(np.float64),
        selection=(counts == 0).astype(np.float64),
        start=initial_values(sizes, n_inputs=X.shape[1], rng=rng),
        n_units=sizes,
        blind_steps=np.full(sizes.size, 30),
    )


def make_panel(
    truth: Callable[[Floats], Floats],
    *,
    n_entities: int = 60,
    n_periods: int = 5,
    n_inputs: int = 3,
    noise: float = 0.0,
    seed: int = 3,
) -> Panel:
    """Return a balanced panel of independent normal inputs ``x0, x1, ...`` whose outcome follows them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_entities * n_periods, n_inputs))
    return panel_from_arrays(
        entity=np.repeat(np.arange(n_entities), n_periods),
        period=np.tile(np.arange(2001, 2001 + n_periods), n_entities),
        outcome=truth(X) + noise * rng.normal(size=len(X)),
        X=X,
    )


def wave(X: Floats) -> Floats:
    """Return an outcome that bends with its first input and is a line in two others."""
    return 20.0 + 3.0 * np.tanh(2.0 * X[:, 0]) + X[:, 1] - 0.5 * X[:, 2]


def r_squared(panel: Panel, predicted: Floats) -> float:
    """Return the share of the outcome's variance that predictions, (n_obs,), explain."""
    return float(1.0 - np.mean((panel.observed - predicted) ** 2) / panel.observed.var())


def some_networks(task: TrainingTask, networks: Ints, start: Floats | None = None) -> TrainingTask:
    """Return the task of these networks, (n_taken,) positions; with other initial values where given."""
    return replace(
        task,
        weights=task.weights[networks],
        selection=task.selection[networks],
        start=task.start[networks] if start is None else start,
        n_units=task.n_units[networks],
        blind_steps=task.blind_steps[networks],
    )


def one_network(task: TrainingTask, at: int) -> TrainingTask:
    """Return the task of a single network, with no places for units it does not have."""
    n_inputs, n_units = task.X.shape[1], int(task.n_units[at])
    split = int(task.n_units.max()) * (n_inputs + 1)
    row = task.start[at]
    start = np.concatenate([row[: n_units * (n_inputs + 1)], row[split : split + n_units], row[-1:]])
    return some_networks(task, np.array([at]), start[None])


def least_loss_of_scipy(task: TrainingTask, at: int) -> float:
    """Return the training loss that scipy's L-BFGS-B reaches for a single network from its initial values."""
    alone = one_network(task, at)

    def loss(x: Floats) -> tuple[float, Floats]:
        found = evaluate_at(alone, x[None], activation="tanh")
        return float(found.loss[0]), found.gradient[0].numpy()

    tight = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000}
    return float(optimize.minimize(loss, alone.start[0], jac=True, method="L-BFGS-B", options=tight).fun)


def evaluate_at(
    task: TrainingTask,
    points: Floats,
    *,
    activation: Activation,
    weight_decay: float = 0.0,
    output: OutputWeights = "trained",
    output_decay: float | None = None,
) -> Evaluation:
    """Return losses and gradients of all networks of a task at given parameters, in float64."""
    settings = Settings(activation, weight_decay=weight_decay, output=output, output_decay=output_decay)
    objective = Objective(task, settings)
    objective.admit(np.arange(task.n_networks))
    return objective.evaluate(torch.as_tensor(points))


def require_finite_differences(task: TrainingTask, *, output: OutputWeights = "trained") -> None:
    """Assert that the gradient of tanh networks at their start is what the loss moves by."""
    found = evaluate_at(task, task.start, activation="tanh", output=output).gradient.numpy()
    step = 1e-5
    for at, shift in enumerate(step * np.eye(task.start.shape[1])):
        up, down = (
            evaluate_at(task, task.start + move, activation="tanh", output=output).loss.numpy()
            for move in (shift, -shift)
        )
        np.testing.assert_allclose(found[:, at], (up - down) / (2.0 * step), rtol=1e-5, atol=1e-9)
