from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.plugin import Floats, Ints
from harness_neural.batch.levels import fit_effects, make_levels, make_row_effects
from harness_neural.batch.task import Settings, TrainingTask
from harness_neural.batch.training import train
from neural_tasks import evaluate_at, make_task


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
    task = with_levels()
    found = evaluate_at(task, task.start, activation="tanh").gradient.numpy()
    step = 1e-6
    for at in range(task.start.shape[1]):
        shift = np.zeros(task.start.shape[1])
        shift[at] = step
        up = evaluate_at(task, task.start + shift, activation="tanh").loss.numpy()
        down = evaluate_at(task, task.start - shift, activation="tanh").loss.numpy()
        np.testing.assert_allclose(found[:, at], (up - down) / (2.0 * step), rtol=1e-5, atol=1e-8)


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
