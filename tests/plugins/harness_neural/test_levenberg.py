from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from harness_neural.batch.levenberg import Residuals
from harness_neural.batch.task import LevenbergMarquardt, Settings, TrainingTask, initial_values
from harness_neural.batch.training import train
from harness_neural.names import Activation
from neural_tasks import evaluate_at, least_loss_of_scipy, make_task, one_network

DECAY = 0.01
DAMPED = Settings(optimiser=LevenbergMarquardt(), patience=12)


def uneven_task() -> TrainingTask:
    """Return networks of different sizes on inputs that are not standardised."""
    base = make_task(n_obs=200, n_units=(2, 4, 3))
    units = np.array([3.0, 0.2, 1.0, 5.0])
    return replace(base, X=base.X * units + units, outcome=4.0 * base.outcome - 1.0)


def with_levels(task: TrainingTask) -> TrainingTask:
    codes = np.arange(len(task.X)) // 10, np.arange(len(task.X)) % 10
    return replace(task, levels=codes)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize(
    "prepared", [uneven_task, lambda: with_levels(uneven_task())], ids=["plain", "effects"]
)
def test_losses_and_slope_are_those_of_the_batch(
    activation: Activation, prepared: Callable[[], TrainingTask]
) -> None:
    task = prepared()
    expected = evaluate_at(task, task.start, activation=activation, weight_decay=DECAY)
    for at in range(task.n_networks):
        own = Residuals(task, at, Settings(activation, weight_decay=DECAY))
        point = torch.from_numpy(task.start[at])
        slope, _ = own.normal_equations(point)
        assert float(own.loss(point)) == pytest.approx(float(expected.loss[at]), rel=1e-10)
        assert float(own.selection_loss(point)) == pytest.approx(float(expected.selection[at]), rel=1e-10)
        np.testing.assert_allclose(2.0 * slope, expected.gradient[at], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "prepared", [uneven_task, lambda: with_levels(uneven_task())], ids=["plain", "effects"]
)
def test_curvature_is_that_of_differences_of_residuals(prepared: Callable[[], TrainingTask]) -> None:
    task = one_network(prepared(), 1)
    own = Residuals(task, 0, Settings())
    point, step, n_trained = torch.from_numpy(task.start[0]), 1e-6, own.n_trained
    shifts = step * torch.eye(point.numel(), dtype=torch.float64)
    changes = [own._of(point + shift) - own._of(point - shift) for shift in shifts]
    J = torch.stack(changes, dim=1) / (2.0 * step)
    shares = own.weights[0, :n_trained] / own.weights.sum()
    expected = J[:n_trained].T @ (shares.unsqueeze(1) * J[:n_trained])
    _, curvature = own.normal_equations(point)
    np.testing.assert_allclose(curvature, expected, rtol=1e-6, atol=1e-8)


def test_it_reaches_a_loss_no_higher_than_scipy_does() -> None:
    """Both are sent to a minimum from one unit's initial values, where there is hardly more than one."""
    task = make_task(n_units=(1,) * 8)
    blind = replace(task, selection=np.zeros_like(task.selection), blind_steps=np.full(8, 500))
    trained = train(blind, replace(DAMPED, tolerance=1e-9))
    for at in range(task.n_networks):
        assert trained.loss[at] <= least_loss_of_scipy(task, at) + 1e-8


def test_one_step_solves_what_is_linear_in_its_parameters() -> None:
    """Rectified units that are on, or off, for all rows: the damped step without damping is least squares."""
    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 2.0, size=(100, 2))
    outcome = X @ np.array([1.0, -0.5]) + 0.1 * rng.normal(size=100)
    start = initial_values(np.array([1]), n_inputs=2, rng=rng)
    start[0] = [0.01, 0.01, 5.0, 1.0, 0.0]
    task = TrainingTask(
        X=X,
        outcome=outcome,
        weights=np.ones((1, 100)),
        selection=np.zeros((1, 100)),
        start=start,
        n_units=np.array([1]),
        blind_steps=np.array([40]),
    )
    trained = train(task, replace(DAMPED, activation="relu", optimiser=LevenbergMarquardt(damping=1e-9)))
    design = np.column_stack([X, np.ones(100)])
    expected = design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    np.testing.assert_allclose(trained.networks.predict(X)[0], expected, atol=1e-6)


def test_a_network_keeps_its_best_weights_and_stops_when_patience_is_out() -> None:
    task = make_task(n_obs=80, n_inputs=8, n_units=(6,) * 6, noise=1.0)
    trained = train(task, DAMPED)
    for at in range(task.n_networks):
        curve = trained.curves[at].selection
        assert trained.best_step[at] == curve.argmin()
        assert trained.selection[at] == pytest.approx(curve.min())
        assert trained.steps[at] == curve.size - 1
        assert trained.steps[at] - trained.best_step[at] <= 12
        assert (np.diff(trained.curves[at].training) < 0.0).all()


def test_a_draw_without_selection_rows_takes_its_steps() -> None:
    task = make_task(n_units=(3, 3))
    blind = replace(task, selection=np.zeros_like(task.selection), blind_steps=np.array([4, 9]))
    np.testing.assert_array_equal(train(blind, DAMPED).steps, [4, 9])
