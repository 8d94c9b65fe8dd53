"""Losses and their gradients, with and without effects of entities and periods."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.plugin import Floats, Ints
from harness_neural.batch.levels import fit_effects, make_levels, make_row_effects
from harness_neural.batch.objective import Objective
from harness_neural.batch.task import Settings, TrainingTask
from harness_neural.batch.training import train
from harness_neural.names import Activation
from neural_tasks import evaluate_at, make_task, one_network, require_finite_differences

ACTIVATIONS: list[Activation] = ["tanh", "sigmoid", "relu"]
TORCH = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}
DECAY = 0.01


def by_definition(
    task: TrainingTask, parameters: torch.Tensor, activation: Activation
) -> tuple[torch.Tensor, torch.Tensor]:
    """Squared errors of a task of one network and its penalty, written as the textbook has them."""
    X, y = torch.from_numpy(task.X), torch.from_numpy(task.outcome)
    w = torch.from_numpy(task.weights[0])
    w = w / w.sum()
    mean, y_mean = w @ X, w @ y
    deviation, y_deviation = (w @ (X - mean) ** 2).sqrt(), (w @ (y - y_mean) ** 2).sqrt()
    Z, target = (X - mean) / deviation, (y - y_mean) / y_deviation
    n_units, n_inputs = int(task.n_units[0]), X.shape[1]
    hidden = parameters[: n_units * (n_inputs + 1)].reshape(n_units, n_inputs + 1)
    output, intercept = parameters[-n_units - 1 : -1], parameters[-1]
    predicted = TORCH[activation](Z @ hidden[:, :-1].T + hidden[:, -1]) @ output + intercept
    return (predicted - target) ** 2, hidden[:, :-1].square().sum() + output.square().sum()


@pytest.fixture
def task() -> TrainingTask:
    base = make_task(n_obs=600, n_units=(4, 4, 4, 4, 4))
    units = np.array([3.0, 0.2, 1.0, 5.0])  # inputs that are not standardised put the scaling to work
    return replace(base, X=base.X * units + units, outcome=4.0 * base.outcome - 1.0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_losses_and_gradient_agree_with_autograd(task: TrainingTask, activation: Activation) -> None:
    """The loss on the selection rows has the scales of the training rows, and no penalty."""
    found = evaluate_at(task, task.start, activation=activation, weight_decay=DECAY)
    for at in range(task.n_networks):
        alone = one_network(task, at)
        parameters = torch.tensor(task.start[at], requires_grad=True)
        squared, penalty = by_definition(alone, parameters, activation)
        expected = torch.from_numpy(alone.weights[0] / alone.weights[0].sum()) @ squared + DECAY * penalty
        expected.backward()
        assert float(found.loss[at]) == pytest.approx(expected.item(), rel=1e-12)
        np.testing.assert_allclose(found.gradient[at], parameters.grad, rtol=1e-9, atol=1e-13)
        selected = torch.from_numpy(alone.selection[0] / alone.selection[0].sum()) @ squared
        assert float(found.selection[at]) == pytest.approx(selected.item(), rel=1e-12)


def test_biases_are_seen_in_a_multiple_of_their_unit(task: TrainingTask) -> None:
    """Stretched points have the losses of what they stand for, and that gradient by the chain rule."""
    objective = Objective(task, Settings(weight_decay=DECAY), bias_stretch=3.0)
    objective.admit(np.arange(task.n_networks))
    stretch = objective.layout.stretch(3.0)
    found = objective.evaluate(torch.from_numpy(task.start) / stretch)
    expected = evaluate_at(task, task.start, activation="tanh", weight_decay=DECAY)
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-12)
    np.testing.assert_allclose(found.gradient, expected.gradient * stretch, rtol=1e-9, atol=1e-13)


def test_units_that_a_network_does_not_have_take_no_part() -> None:
    task = make_task(n_units=(2, 5))
    found = evaluate_at(task, task.start, activation="sigmoid", weight_decay=DECAY)
    alone = one_network(task, 0)
    expected = evaluate_at(alone, alone.start, activation="sigmoid", weight_decay=DECAY)
    assert float(found.loss[0]) == pytest.approx(float(expected.loss[0]), rel=1e-12)
    gradient = found.gradient[0].numpy()
    n_inputs = task.X.shape[1]
    own = np.r_[0 : 2 * (n_inputs + 1), 5 * (n_inputs + 1) : 5 * (n_inputs + 1) + 2, gradient.size - 1]
    np.testing.assert_allclose(gradient[own], expected.gradient[0], rtol=1e-9, atol=1e-14)
    assert not np.delete(gradient, own).any()


def test_an_input_that_is_constant_where_a_network_trains_has_no_part() -> None:
    task = make_task(n_units=(3,))
    X = task.X.copy()
    X[task.weights[0] > 0.0, 2] = 7.0
    found = evaluate_at(replace(task, X=X), task.start, activation="tanh")
    X[:, 2] = 7.0
    without = evaluate_at(replace(task, X=X), task.start, activation="tanh")
    assert torch.equal(found.loss, without.loss)
    assert torch.equal(found.selection, without.selection)


def test_networks_that_stay_are_not_touched_when_others_leave_or_join() -> None:
    task = make_task(n_units=(3,) * 6)
    points = torch.from_numpy(task.start)
    objective = Objective(task, Settings())
    objective.admit(np.arange(4))
    objective.keep(torch.tensor([1, 3]))
    objective.admit(np.array([4, 5]))
    stay = torch.tensor([1, 3, 4, 5])
    found = objective.evaluate(points[stay])
    expected = evaluate_at(task, task.start, activation="tanh")
    np.testing.assert_allclose(found.loss, expected.loss[stay], rtol=1e-13)
    np.testing.assert_allclose(found.gradient, expected.gradient[stay], rtol=1e-10, atol=1e-14)


def test_float32_evaluates_to_its_own_precision() -> None:
    task = make_task()
    single = Objective(task, Settings(precision="float32"))
    single.admit(np.arange(task.n_networks))
    found = single.evaluate(torch.from_numpy(task.start))
    expected = evaluate_at(task, task.start, activation="tanh")
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-5)
    np.testing.assert_allclose(found.gradient, expected.gradient, rtol=1e-3, atol=1e-5)
    assert not torch.equal(found.loss, expected.loss)


def crossed(
    n_entities: int = 15, n_periods: int = 6, *, share: float = 0.8, seed: int = 3
) -> tuple[Ints, Ints]:
    """Entity and period of the rows of an unbalanced panel."""
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    has_row = np.random.default_rng(seed).random(entity.size) < share
    return entity[has_row], period[has_row]


def weighted_projection(levels: tuple[Ints, ...], errors: Floats, weights: Floats) -> Floats:
    """What a regression on dummies accounts for, row by row, by plain least squares."""
    dummies = np.column_stack([np.eye(codes.max() + 1)[codes] for codes in levels])
    root = np.sqrt(weights)
    return dummies @ np.linalg.lstsq(root[:, None] * dummies, root * errors, rcond=None)[0]


@pytest.mark.parametrize("keys", [(0,), (1,), (0, 1), (1, 0)], ids=["entity", "time", "both", "both turned"])
def test_effects_are_those_of_a_regression_on_dummies(keys: tuple[int, ...]) -> None:
    levels = tuple(crossed()[key] for key in keys)
    rng = np.random.default_rng(1)
    residuals = rng.normal(size=(4, levels[0].size))
    weights = rng.integers(0, 3, size=residuals.shape).astype(float)
    found = fit_effects(levels, residuals, weights=weights)
    rows = found.means[:, None] + sum(
        deviations[:, codes] for deviations, codes in zip(found.deviations, levels, strict=True)
    )
    for at in range(4):
        expected = weighted_projection(levels, residuals[at], weights[at])
        used = weights[at] > 0.0
        np.testing.assert_allclose(rows[at][used], expected[used], atol=1e-10)


def test_levels_of_selection_rows_alone_lose_their_mean_error_and_touch_no_other() -> None:
    entity, _ = crossed()
    errors = torch.from_numpy(np.random.default_rng(1).normal(size=(1, entity.size)))
    trains = torch.from_numpy((entity < 10).astype(float))[None]
    taken = make_row_effects(make_levels((entity,)), trains, 1.0 - trains).absorbed(errors)[0].numpy()
    for level in range(15):
        rows = entity == level
        np.testing.assert_allclose(taken[rows], errors[0].numpy()[rows].mean(), atol=1e-12)


def with_levels(*, n_units: tuple[int, ...] = (3, 3)) -> TrainingTask:
    entity, period = crossed(40, 10)
    task = make_task(n_obs=entity.size, n_units=n_units)
    constants = 3.0 * np.random.default_rng(5).normal(size=40)
    return replace(task, outcome=task.outcome + constants[entity], levels=(entity, period))


def test_gradient_with_effects_agrees_with_finite_differences() -> None:
    require_finite_differences(with_levels())


def test_loss_is_that_of_errors_without_their_effects() -> None:
    task = with_levels()
    found = evaluate_at(task, task.start, activation="tanh").loss.numpy()
    plain = replace(task, levels=())
    trained = train(replace(plain, selection=0.0 * plain.selection, blind_steps=np.zeros(2, int)), Settings())
    residuals = task.outcome - trained.networks.predict(task.X)
    for at in range(2):
        w = task.weights[at] / task.weights[at].sum()
        left = residuals[at] - weighted_projection(task.levels, residuals[at], w)
        variance = w @ (task.outcome - w @ task.outcome) ** 2
        assert found[at] == pytest.approx(w @ left**2 / variance, rel=1e-9)
