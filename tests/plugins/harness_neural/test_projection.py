"""Output weights that are solved for: the best for given hidden weights, and a gradient of what is left."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
import torch

from harness.plugin import Floats, Ints
from harness_neural.batch.objective import DECAY_BESIDE_EFFECTS, LEAST_DECAY, Objective
from harness_neural.batch.optimisers import Lbfgs
from harness_neural.batch.passes import LIMITS
from harness_neural.batch.task import Settings, TrainingTask, initial_values
from harness_neural.batch.training import train
from harness_neural.mlp import Mlp
from harness_neural.names import Activation
from neural_tasks import evaluate_at, make_task, require_finite_differences, some_networks

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
    require_finite_differences(make_rows(keys), output="solved")


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
