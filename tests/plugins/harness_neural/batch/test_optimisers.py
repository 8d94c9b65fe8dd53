"""Optimisers reach what scipy and torch reach."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy import optimize

from harness.plugin import Floats
from harness_neural.batch.in_turn import NetworkLoss
from harness_neural.batch.optimisers import (
    Adam,
    Evaluation,
    FirstOrderDescent,
    GradientDescent,
    Lbfgs,
    LbfgsDescent,
)
from harness_neural.batch.residuals import Residuals
from harness_neural.batch.task import LevenbergMarquardt, Settings, TrainingTask, initial_values
from harness_neural.batch.training import train, train_few
from harness_neural.names import Activation
from neural_tasks import evaluate_at, least_loss_of_scipy, make_task, one_network

Function = Callable[[Floats], tuple[float, Floats]]


def rosenbrock(x: Floats) -> tuple[float, Floats]:
    return float(optimize.rosen(x)), np.asarray(optimize.rosen_der(x))


def quadratic(x: Floats) -> tuple[float, Floats]:
    weight = 10.0 ** np.arange(x.size)
    return float(0.5 * weight @ (x - 1.0) ** 2), weight * (x - 1.0)


def kinked(x: Floats) -> tuple[float, Floats]:
    """A sum of absolute values, smoothed over a thousandth: steep to both sides of its minimum."""
    size = np.sqrt(x**2 + 1e-6)
    return float(size.sum()), x / size


def minimise(function: Function, descent: LbfgsDescent | FirstOrderDescent, *, rounds: int) -> Floats:
    """Drive an optimiser for many points at once and return the losses last accepted."""
    losses = np.zeros(0)
    for _ in range(rounds):
        points = descent.trial().numpy()
        found = [function(point) for point in points]
        values = torch.tensor([pair[0] for pair in found], dtype=torch.float64)
        gradient = torch.from_numpy(np.stack([pair[1] for pair in found]))
        outcome = descent.advance(
            Evaluation(values, gradient, torch.zeros_like(values), torch.zeros_like(gradient))
        )
        losses = np.where(outcome.moved.numpy(), values.numpy(), losses if losses.size else np.inf)
    return losses


@pytest.mark.parametrize("function", [rosenbrock, quadratic, kinked])
def test_lbfgs_reaches_the_minimum_that_scipy_reaches(function: Function) -> None:
    starts = np.random.default_rng(5).normal(size=(7, 5))
    found = minimise(function, Lbfgs(memory=10).begin(torch.from_numpy(starts)), rounds=250)
    for start, loss in zip(starts, found, strict=True):
        tight = {"ftol": 1e-15, "gtol": 1e-12, "maxiter": 10_000, "maxfun": 100_000}
        expected = optimize.minimize(function, start, jac=True, method="L-BFGS-B", options=tight)
        assert loss == pytest.approx(expected.fun, abs=1e-6) or loss < expected.fun


def test_lbfgs_reaches_the_loss_that_scipy_reaches_on_networks() -> None:
    task = make_task(n_units=(1,) * 8)
    blind = replace(task, selection=np.zeros_like(task.selection), blind_steps=np.full(8, 2000))
    trained = train(blind, Settings(tolerance=1e-9))
    for at in range(task.n_networks):
        assert trained.loss[at] == pytest.approx(least_loss_of_scipy(task, at), abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_lbfgs_ends_at_a_stationary_point(seed: int) -> None:
    task = make_task(n_units=(3,), seed=seed)
    blind = replace(task, selection=np.zeros_like(task.selection), blind_steps=np.array([5000]))
    trained = train(blind, Settings(tolerance=1e-6, weight_decay=1e-3))
    assert trained.steps[0] < 5000
    curve = trained.curves[0].training
    assert (np.diff(curve) <= 1e-12).all()


@pytest.mark.parametrize(
    ("optimiser", "theirs"),
    [
        (Adam(rate=0.05), partial(torch.optim.Adam, lr=0.05)),
        (GradientDescent(rate=1e-4, momentum=0.8), partial(torch.optim.SGD, lr=1e-4, momentum=0.8)),
    ],
    ids=["adam", "sgd"],
)
def test_first_order_optimisers_take_the_steps_that_torch_takes(optimiser, theirs) -> None:
    start = np.random.default_rng(2).normal(size=(3, 4))
    descent = optimiser.begin(torch.from_numpy(start.copy()))
    minimise(quadratic, descent, rounds=25)
    for at, row in enumerate(start):
        x = torch.tensor(row, requires_grad=True)
        stepping = theirs([x])
        for _ in range(25):
            stepping.zero_grad()
            (0.5 * (10.0 ** torch.arange(4)) * (x - 1.0) ** 2).sum().backward()
            stepping.step()
        np.testing.assert_allclose(descent.trial()[at], x.detach(), rtol=1e-6)


def test_a_network_whose_loss_is_no_number_fails_and_the_others_go_on() -> None:
    def broken(x: Floats) -> tuple[float, Floats]:
        return (float("nan"), x) if x[0] > 100.0 else quadratic(x)

    starts = torch.tensor([[200.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    descent = Lbfgs().begin(starts)
    has_failed = torch.zeros(2, dtype=torch.bool)
    for _ in range(60):
        found = [broken(point) for point in descent.trial().numpy()]
        values = torch.tensor([pair[0] for pair in found], dtype=torch.float64)
        gradient = torch.from_numpy(np.stack([pair[1] for pair in found]))
        has_failed |= descent.advance(Evaluation(values, gradient, torch.zeros(2), gradient)).failed
    assert bool(has_failed[0])
    np.testing.assert_allclose(descent.trial()[1], 1.0, atol=1e-4)


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
        stretch = own.layout.stretch(3.0).numpy()
        apart = NetworkLoss(own, Settings(activation, weight_decay=DECAY), bias_stretch=3.0)
        loss, gradient = (each(task.start[at] / stretch) for each in (apart.loss, apart.gradient))
        assert loss == pytest.approx(float(expected.loss[at]), rel=1e-10)
        assert apart.selection == pytest.approx(float(expected.selection[at]), rel=1e-10)
        np.testing.assert_allclose(gradient / stretch, expected.gradient[at], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "prepared", [uneven_task, lambda: with_levels(uneven_task())], ids=["plain", "effects"]
)
def test_curvature_is_that_of_differences_of_residuals(prepared: Callable[[], TrainingTask]) -> None:
    task = one_network(prepared(), 1)
    own = Residuals(task, 0, Settings())
    point, step, n_trained = torch.from_numpy(task.start[0]), 1e-6, own.n_trained
    shifts = step * torch.eye(point.numel(), dtype=torch.float64)
    changes = [own.at(point + shift) - own.at(point - shift) for shift in shifts]
    J = torch.stack(changes, dim=1) / (2.0 * step)
    expected = J[:n_trained].T @ (own.shares[:n_trained].unsqueeze(1) * J[:n_trained])
    _, curvature = own.normal_equations(point)
    np.testing.assert_allclose(curvature, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_few_networks_take_the_steps_that_scipy_takes(activation: Activation) -> None:
    """From the initial values of the batch, with its standardised inputs and stretched biases."""
    task, stretch = make_task(n_units=(3, 3)), 2.0
    blind = replace(task, selection=np.zeros_like(task.selection), blind_steps=np.array([12, 0]))
    trained = train_few(blind, Settings(activation, optimiser=Lbfgs(bias_stretch=stretch)))
    of_biases = np.ones(task.start.shape[1])
    of_biases[: 3 * (task.X.shape[1] + 1)].reshape(3, -1)[:, -1] = stretch

    def function(x: Floats) -> tuple[float, Floats]:
        found = evaluate_at(one_network(blind, 0), (x * of_biases)[None], activation=activation)
        return float(found.loss[0]), found.gradient[0].numpy() * of_biases

    expected = optimize.minimize(
        function, task.start[0] / of_biases, jac=True, method="L-BFGS-B", options={"maxiter": 12}
    )
    assert trained.loss[0] == pytest.approx(expected.fun, rel=1e-8)
    np.testing.assert_allclose(trained.points[0], expected.x * of_biases, atol=1e-6)
    np.testing.assert_array_equal(trained.points[1], task.start[1])
    assert trained.steps.tolist() == trained.best_step.tolist() == [12, 0]


@pytest.mark.parametrize("levels", [False, True], ids=["plain", "effects"])
def test_few_networks_keep_their_best_weights_and_stop_as_those_of_a_batch_do(levels: bool) -> None:
    task = make_task(n_obs=80, n_inputs=8, n_units=(6,) * 3, noise=1.0)
    task = with_levels(task) if levels else task
    trained = train_few(task, Settings(patience=5))
    assert (trained.steps - trained.best_step == 5).all()
    for at, curve in enumerate(trained.curves):
        assert len(curve.selection) == trained.steps[at] + 1
        assert trained.selection[at] == curve.selection.min() == curve.selection[trained.best_step[at]]
        kept = evaluate_at(one_network(task, at), trained.points[at : at + 1], activation="tanh")
        assert float(kept.selection[0]) == pytest.approx(trained.selection[at], rel=1e-9)
        alone = train_few(one_network(task, at), Settings(patience=5))
        np.testing.assert_array_equal(alone.points[0], trained.points[at])


@pytest.mark.parametrize("settings", [DAMPED, Settings()], ids=["levenberg_marquardt", "few"])
def test_it_reaches_a_loss_no_higher_than_scipy_does(settings: Settings) -> None:
    """Both are sent to a minimum from one unit's initial values, where there is hardly more than one."""
    task = make_task(n_units=(1,) * 3)
    blind = replace(task, selection=np.zeros_like(task.selection), blind_steps=np.full(3, 500))
    trained = train_few(blind, replace(settings, tolerance=1e-9))
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
