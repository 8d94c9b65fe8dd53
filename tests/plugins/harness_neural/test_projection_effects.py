"""Output weights and effects of levels that are solved for together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.plugin import Floats, Ints
from harness_neural.batch.objective import DECAY_BESIDE_EFFECTS, Objective
from harness_neural.batch.optimisers import Lbfgs
from harness_neural.batch.passes import LIMITS
from harness_neural.batch.task import Settings, TrainingTask, initial_values
from harness_neural.batch.training import train
from neural_tasks import evaluate_at, make_task, some_networks

SOLVED = Settings(optimiser=Lbfgs(bias_stretch=8.0), output="solved")
N_UNITS = 3
KEYS = pytest.mark.parametrize("keys", [(0,), (0, 1), (1, 0)], ids=["entity", "both", "both turned"])


def make_rows(keys: tuple[int, ...] = (0, 1), *, n_networks: int = 3, seed: int = 3) -> TrainingTask:
    """Unbalanced rows in no order, some of weight zero; the last entities and period are never trained on."""
    rng = np.random.default_rng(seed)
    entity, period = (axis.ravel() for axis in np.indices((60, 9)))
    has_row = rng.permutation(np.flatnonzero(rng.random(entity.size) < 0.8))
    levels = (entity[has_row], period[has_row])
    base = make_task(n_obs=has_row.size, n_units=(N_UNITS,) * n_networks)
    weights = rng.integers(0, 4, size=base.weights.shape).astype(float)
    weights[:, (levels[0] >= 52) | (levels[1] == 8)] = 0.0
    X = base.X + rng.normal(size=(60, 4))[levels[0]]
    constants = 3.0 * rng.normal(size=60)[levels[0]] + rng.normal(size=9)[levels[1]]
    return replace(
        base,
        X=X,
        outcome=np.tanh(X[:, 0]) + 0.3 * X[:, 1] ** 2 + constants + 0.2 * rng.normal(size=len(X)),
        weights=weights,
        selection=(weights == 0.0) * rng.integers(0, 2, size=weights.shape).astype(float),
        start=initial_values(base.n_units, n_inputs=4, rng=rng),
        levels=tuple(levels[key] for key in keys),
    )


def dummies(levels: tuple[Ints, ...]) -> Floats:
    return np.column_stack([np.eye(codes.max() + 1)[codes] for codes in levels])


def standardised_units(task: TrainingTask, network: int) -> tuple[Floats, Floats, Floats]:
    """Tanh units, outcome and weights of a network, standardised by its training rows."""
    w = task.weights[network] / task.weights[network].sum()
    mean, y_mean = w @ task.X, w @ task.outcome
    Z = (task.X - mean) / np.sqrt(w @ (task.X - mean) ** 2)
    y = (task.outcome - y_mean) / np.sqrt(w @ (task.outcome - y_mean) ** 2)
    hidden = task.start[network, : N_UNITS * 5].reshape(N_UNITS, 5)
    return np.tanh(Z @ hidden[:, :-1].T + hidden[:, -1]), y, w


def decay(task: TrainingTask, y: Floats, w: Floats) -> float:
    """Of output weights: in units of what dummies alone leave of the outcome, whose variance is one."""
    columns = dummies(task.levels)
    found = np.linalg.lstsq(columns * np.sqrt(w)[:, None], y * np.sqrt(w), rcond=None)[0]
    return DECAY_BESIDE_EFFECTS * float(w @ (y - columns @ found) ** 2)


def regression(task: TrainingTask, network: int) -> tuple[Floats, Floats, float]:
    """Output weights, errors and loss of one regression on units and dummies, with rows for the decay."""
    units, y, w = standardised_units(task, network)
    columns = np.column_stack([units, dummies(task.levels)])
    penalty = np.sqrt(decay(task, y, w)) * np.eye(N_UNITS, columns.shape[1])
    left = np.concatenate([columns * np.sqrt(w)[:, None], penalty])
    right = np.concatenate([y * np.sqrt(w), np.zeros(N_UNITS)])
    found = np.linalg.lstsq(left, right, rcond=None)[0]
    return found[:N_UNITS], columns @ found - y, float(np.square(left @ found - right).sum())


@KEYS
def test_weights_and_loss_are_those_of_a_regression_on_units_and_dummies(keys: tuple[int, ...]) -> None:
    task = make_rows(keys)
    found = evaluate_at(task, task.start, activation="tanh", output="solved")
    for at in range(task.n_networks):
        weights, _, loss = regression(task, at)
        np.testing.assert_allclose(found.points[at, -1 - N_UNITS : -1], weights, rtol=1e-7)
        assert float(found.loss[at]) == pytest.approx(loss, rel=1e-9)


@KEYS
def test_selection_loss_is_that_of_the_regression_and_own_means_of_levels_aside(
    keys: tuple[int, ...],
) -> None:
    task = make_rows(keys)
    found = evaluate_at(task, task.start, activation="tanh", output="solved").selection
    for at in range(task.n_networks):
        units, y, w = standardised_units(task, at)
        weights, _, _ = regression(task, at)
        errors, s = units @ weights - y, task.selection[at]
        codes = dummies(task.levels)
        effects = np.linalg.lstsq(codes * np.sqrt(w)[:, None], errors * np.sqrt(w), rcond=None)[0]
        trained = w @ codes > 0.0
        left, first = errors.copy(), 0
        for each in task.levels:
            place = slice(first, first + each.max() + 1)
            totals = w @ codes[:, place]
            own = np.where(trained[place], effects[place], totals @ effects[place] / totals.sum())
            left -= own[each]
            first = place.stop
        for each in task.levels:
            for level in np.unique(each[s > 0.0]):
                rows = each == level
                if not w[rows].any():
                    left[rows] -= s[rows] @ left[rows] / s[rows].sum()
        assert float(found[at]) == pytest.approx(s @ left**2 / s.sum(), rel=1e-8)


@KEYS
def test_gradient_agrees_with_finite_differences(keys: tuple[int, ...]) -> None:
    task = make_rows(keys)

    def loss(points: Floats) -> Floats:
        return np.asarray(evaluate_at(task, points, activation="tanh", output="solved").loss.numpy())

    found = evaluate_at(task, task.start, activation="tanh", output="solved").gradient.numpy()
    step = 1e-5
    for at in range(task.start.shape[1]):
        shift = np.zeros(task.start.shape[1])
        shift[at] = step
        slope = (loss(task.start + shift) - loss(task.start - shift)) / (2.0 * step)
        np.testing.assert_allclose(found[:, at], slope, rtol=1e-5, atol=1e-9)


def test_numbers_depend_neither_on_the_batch_nor_on_the_cut_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_rows(n_networks=7)
    points = torch.from_numpy(task.start)
    whole = evaluate_at(task, task.start, activation="tanh", output="solved")
    monkeypatch.setitem(LIMITS, "cpu", replace(LIMITS["cpu"], n_rows=64))
    cut = Objective(task, SOLVED)
    cut.admit(np.arange(4))
    cut.keep(torch.tensor([1, 3]))
    cut.admit(np.array([5, 6]))
    some = torch.tensor([1, 3, 5, 6])
    found = cut.evaluate(points[some])
    np.testing.assert_allclose(found.loss, whole.loss[some], rtol=1e-11)
    np.testing.assert_allclose(found.selection, whole.selection[some], rtol=1e-11)
    np.testing.assert_allclose(found.gradient, whole.gradient[some], rtol=1e-7, atol=1e-12)
    alone = evaluate_at(
        some_networks(task, np.array([5])), task.start[[5]], activation="tanh", output="solved"
    )
    np.testing.assert_allclose(alone.loss, whole.loss[[5]], rtol=1e-12)


def test_a_batch_is_as_wide_as_the_tables_of_its_levels_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_rows(n_networks=7)
    wide = Objective(task, SOLVED)
    monkeypatch.setitem(LIMITS, "cpu", replace(LIMITS["cpu"], table_bytes=64 * 1024))
    narrow = Objective(task, SOLVED)
    assert 1 <= narrow.width < wide.width


@pytest.mark.parametrize(
    "task", [make_rows(), make_task(n_obs=700, n_units=(3,) * 5)], ids=["with effects", "without"]
)
def test_activations_that_are_computed_twice_change_no_number(
    monkeypatch: pytest.MonkeyPatch, task: TrainingTask
) -> None:
    kept = evaluate_at(task, task.start, activation="tanh", output="solved")
    monkeypatch.setattr("harness_neural.batch.passes.MOST_KEPT_BYTES", 0)
    again = evaluate_at(task, task.start, activation="tanh", output="solved")
    np.testing.assert_array_equal(kept.loss, again.loss)
    np.testing.assert_array_equal(kept.gradient, again.gradient)


def test_training_ends_where_plain_lbfgs_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """One unit on a truth of one unit, and one decay of all weights: there is one minimum, found by both."""
    monkeypatch.setattr("harness_neural.batch.objective.DECAY_BESIDE_EFFECTS", 0.0)
    task = make_rows(n_networks=2)
    rng = np.random.default_rng(4)
    truth = np.tanh(task.X @ np.array([0.8, -0.4, 0.2, 0.0]) + 0.3)
    constants = rng.normal(size=60)[task.levels[0]] + rng.normal(size=9)[task.levels[1]]
    sizes = np.ones(2, dtype=np.int64)
    blind = replace(
        task,
        outcome=truth + constants + 0.05 * rng.normal(size=truth.size),
        selection=np.zeros_like(task.selection),
        start=initial_values(sizes, n_inputs=4, rng=rng),
        n_units=sizes,
        blind_steps=np.full(2, 2000),
    )
    solved = train(blind, replace(SOLVED, tolerance=1e-10, weight_decay=1e-6))
    plain = train(blind, Settings(tolerance=1e-10, weight_decay=1e-6))
    np.testing.assert_allclose(solved.loss, plain.loss, rtol=1e-6)
    for at in range(2):
        w = blind.weights[at]
        ours, theirs = (each.networks.predict(blind.X)[at] for each in (solved, plain))
        within = [
            each
            - dummies(blind.levels)
            @ np.linalg.lstsq(dummies(blind.levels) * np.sqrt(w)[:, None], each * np.sqrt(w), rcond=None)[0]
            for each in (ours, theirs)
        ]
        used = w > 0.0
        np.testing.assert_allclose(within[0][used], within[1][used], atol=2e-3)
