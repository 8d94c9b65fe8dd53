"""Output weights that are solved for: the best for given hidden weights, and a gradient of what is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from harness.plugin import Floats
from harness_neural.batch.objective import LEAST_DECAY
from harness_neural.batch.optimisers import Lbfgs
from harness_neural.batch.task import Settings, TrainingTask
from harness_neural.batch.training import train
from harness_neural.mlp import Mlp
from harness_neural.names import Activation
from neural_tasks import evaluate_at, make_task

ACTIVATIONS: list[Activation] = ["tanh", "sigmoid", "relu"]
UNIT = {"tanh": np.tanh, "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)), "relu": lambda z: np.maximum(z, 0.0)}
DECAY = 0.01
LEAST = LEAST_DECAY["float64"]
SOLVED = Settings(optimiser=Lbfgs(bias_stretch=8.0), output="solved")


@pytest.fixture
def task() -> TrainingTask:
    base = make_task(n_obs=600, n_units=(4, 3, 4))
    units = np.array([3.0, 0.2, 1.0, 5.0])  # inputs that are not standardised put the scaling to work
    counts = np.random.default_rng(1).integers(0, 3, size=(3, 600)).astype(float)
    return replace(base, X=base.X * units + units, outcome=4.0 * base.outcome - 1.0, weights=counts)


def least_squares(
    task: TrainingTask, network: int, activation: Activation, decay: float
) -> tuple[Floats, float]:
    """Return output weights with the intercept, and the loss, by one regression with rows for the decay."""
    w = task.weights[network] / task.weights[network].sum()
    mean, y_mean = w @ task.X, w @ task.outcome
    Z = (task.X - mean) / np.sqrt(w @ (task.X - mean) ** 2)
    y = (task.outcome - y_mean) / np.sqrt(w @ (task.outcome - y_mean) ** 2)
    n_units, n_inputs = int(task.n_units[network]), task.X.shape[1]
    hidden = task.start[network, : n_units * (n_inputs + 1)].reshape(n_units, -1)
    units = UNIT[activation](Z @ hidden[:, :-1].T + hidden[:, -1])
    columns = np.column_stack([units, np.ones(len(y))]) * np.sqrt(w)[:, None]
    penalty = np.sqrt(decay) * np.eye(n_units, n_units + 1)
    left = np.concatenate([columns, penalty])
    right = np.concatenate([y * np.sqrt(w), np.zeros(n_units)])
    found = np.linalg.lstsq(left, right, rcond=None)[0]
    return found, float(np.square(left @ found - right).sum())


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("decay", [0.0, DECAY])
def test_output_weights_are_those_of_a_regression_on_the_units(
    task: TrainingTask, activation: Activation, decay: float
) -> None:
    found = evaluate_at(task, task.start, activation=activation, weight_decay=decay, output="solved")
    used = max(decay, LEAST)
    for at in range(task.n_networks):
        expected, loss = least_squares(task, at, activation, used)
        n_units, n_inputs = int(task.n_units[at]), task.X.shape[1]
        point = found.points[at].numpy()
        first = int(task.n_units.max()) * (n_inputs + 1)
        np.testing.assert_allclose(point[first : first + n_units], expected[:-1], rtol=1e-6, atol=1e-8)
        assert point[-1] == pytest.approx(expected[-1], rel=1e-6, abs=1e-8)
        hidden = task.start[at, :first].reshape(-1, n_inputs + 1)
        loss += decay * float(np.square(hidden[:, :-1]).sum())
        assert float(found.loss[at]) == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("is_collinear", [False, True])
def test_output_weights_decay_in_units_of_what_a_line_leaves(task: TrainingTask, is_collinear: bool) -> None:
    if is_collinear:
        task.X[:, 1] = 2.0 - 0.5 * task.X[:, 0]
    found = evaluate_at(task, task.start, activation="tanh", output="solved", output_decay=DECAY)
    for at, weights in enumerate(task.weights):
        distinct = np.delete(task.X, 1, axis=1) if is_collinear else task.X
        line = sm.WLS(task.outcome, sm.add_constant(distinct), weights=weights).fit()
        left = 1.0 - float(line.rsquared)
        assert 0.01 < left < 0.99
        _, loss = least_squares(task, at, "tanh", DECAY * left)
        assert float(found.loss[at]) == pytest.approx(loss, rel=1e-8)


def test_decay_of_output_weights_is_for_those_that_are_solved_for() -> None:
    with pytest.raises(ValueError, match="projected_lbfgs solves for"):
        Mlp(output_decay=0.001)
    assert Mlp(optimiser="projected_lbfgs", output_decay=0.001).settings().output_decay == 0.001


def test_training_ends_where_no_weight_can_be_bettered() -> None:
    task = make_task(n_obs=300, n_units=(2, 2, 2), noise=0.1)
    blind = replace(task, selection=np.zeros_like(task.selection), blind_steps=np.full(3, 600))
    trained = train(blind, SOLVED)
    plain = evaluate_at(blind, trained.points, activation="tanh")
    started = evaluate_at(blind, blind.start, activation="tanh")
    assert float(plain.gradient.abs().max()) < 1e-4 < 1e-2 < float(started.gradient.abs().max())
    decay = LEAST * np.square(trained.points[:, -3:-1]).sum(axis=1)
    np.testing.assert_allclose(plain.loss.numpy() + decay, trained.loss, rtol=1e-6)


def test_units_that_are_not_finite_make_no_number_and_no_error() -> None:
    task = make_task(n_obs=300, n_units=(2, 2))
    start = task.start.copy()
    start[0, 0] = np.inf
    loss = evaluate_at(task, start, activation="tanh", output="solved").loss
    assert bool(loss[0].isnan())
    assert bool(loss[1].isfinite())
