from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy import optimize

from harness.plugin import Floats
from harness_neural.batch.optimisers import Adam, Descent, Evaluation, GradientDescent, Lbfgs
from harness_neural.batch.task import Settings
from harness_neural.batch.training import train
from neural_tasks import least_loss_of_scipy, make_task

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


def minimise(function: Function, descent: Descent, *, rounds: int) -> Floats:
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
