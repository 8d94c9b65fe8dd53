"""Training: batches, starts, devices, and the weights that are kept."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import EstimationError
from harness.plugin import draw_weights, out_of_bag, random_stream
from harness_neural.batch.objective import Objective
from harness_neural.batch.optimisers import Adam, GradientDescent, Lbfgs
from harness_neural.batch.progress import begin_progress, has_finished, update_progress
from harness_neural.batch.task import (
    LevenbergMarquardt,
    Settings,
    TrainingTask,
    initial_values,
    started_at_least_squares,
)
from harness_neural.batch.training import train
from harness_neural.mlp import Mlp
from harness_neural.names import Activation
from harness_neural.som_ann import SomAnn
from neural_tasks import make_panel, make_task, one_network

# In units of the outcome's deviation. Networks of one batch that differ in the last digit of a sum drift
# apart as training goes on, so these laws are asked of trainings of moderate length.
EQUAL = 1e-8


@pytest.fixture(
    params=[
        Settings(max_steps=30),
        Settings(optimiser=Lbfgs(bias_stretch=8.0), output="solved", max_steps=10),
        Settings(optimiser=LevenbergMarquardt(), max_steps=6),
    ],
    ids=["lbfgs", "projected_lbfgs", "levenberg_marquardt"],
)
def options(request: pytest.FixtureRequest) -> Settings:
    """Settings for a training of moderate length."""
    return request.param


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_network_trained_alone_equals_itself_in_a_batch(activation: Activation, options: Settings) -> None:
    task = make_task(n_obs=700, n_units=(3,) * 40)
    options = replace(options, activation=activation)
    together = train(task, options)
    for at in (0, 17, 39):
        alone = train(one_network(task, at), options)
        np.testing.assert_allclose(
            alone.networks.predict(task.X)[0], together.networks.predict(task.X)[at], atol=EQUAL
        )
        assert alone.steps[0] == together.steps[at]
        assert alone.best_step[0] == together.best_step[at]


@pytest.mark.parametrize("width", [1, 7])
def test_the_width_of_a_batch_changes_no_number(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task(n_units=(3,) * 9)
    options = Settings(max_steps=40)
    expected = train(task, options)
    monkeypatch.setattr("harness_neural.batch.objective.batch_width", lambda *_, **__: width)
    found = train(task, options)
    np.testing.assert_allclose(found.networks.predict(task.X), expected.networks.predict(task.X), atol=EQUAL)
    np.testing.assert_array_equal(found.steps, expected.steps)


def test_a_row_of_weight_two_is_a_row_twice(options: Settings) -> None:
    task = make_task(n_units=(3, 3))
    counts = np.random.default_rng(0).integers(0, 3, size=300)
    rows = np.repeat(np.arange(300), counts)
    weighted = replace(task, weights=np.tile(counts.astype(float), (2, 1)))
    twice = replace(
        task,
        X=np.concatenate([task.X[rows], task.X]),
        outcome=np.concatenate([task.outcome[rows], task.outcome]),
        weights=np.tile(np.arange(rows.size + 300) < rows.size, (2, 1)).astype(float),
        selection=np.concatenate([np.zeros((2, rows.size)), task.selection], axis=1),
    )
    found, expected = train(weighted, options), train(twice, options)
    np.testing.assert_allclose(found.networks.predict(task.X), expected.networks.predict(task.X), atol=EQUAL)


def test_the_weights_kept_are_those_of_the_least_selection_loss() -> None:
    task = make_task(n_obs=80, n_inputs=8, n_units=(6,) * 12, noise=1.0)
    trained = train(task, Settings(patience=15))
    predicted = trained.networks.predict(task.X)
    for at in range(task.n_networks):
        curve = trained.curves[at]
        assert curve.selection.size == trained.steps[at] + 1
        assert trained.best_step[at] == curve.selection.argmin()
        assert trained.steps[at] <= trained.best_step[at] + 15
        w = task.weights[at] / task.weights[at].sum()
        variance = w @ (task.outcome - w @ task.outcome) ** 2
        aside = task.selection[at] > 0.0
        kept = np.mean((predicted[at] - task.outcome)[aside] ** 2) / variance
        assert kept == pytest.approx(curve.selection.min(), rel=1e-9)
    assert (trained.best_step < trained.steps).mean() > 0.8


def test_a_network_without_selection_rows_trains_for_its_blind_steps() -> None:
    task = make_task(n_units=(3, 3, 3))
    selection = task.selection.copy()
    selection[1] = 0.0
    trained = train(replace(task, selection=selection, blind_steps=np.array([5, 11, 5])), Settings())
    assert trained.steps[1] == trained.best_step[1] == 11
    assert trained.steps[0] > 11
    assert trained.selection[1] == 0.0


def test_global_random_state_and_threads_are_left_alone() -> None:
    # NumPy's global state is what is asked about here.
    state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002 - whether it is left alone
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    task = make_task()
    train(task, Settings(max_steps=5)).networks.predict(task.X)
    threads_after = torch.get_num_threads()
    torch.set_num_threads(threads)
    assert threads_after == 2
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002 - whether it is left alone
    assert torch.equal(torch.get_rng_state(), torch_state)


def test_initial_values_do_not_depend_on_how_many_networks_there_are() -> None:
    many = initial_values(np.array([3, 3, 3]), n_inputs=4, rng=np.random.default_rng(8))
    alone = initial_values(np.array([3]), n_inputs=4, rng=np.random.default_rng(8))
    np.testing.assert_array_equal(many[:1], alone)


def test_initial_values_are_within_their_limits() -> None:
    values = initial_values(np.full(200, 4), n_inputs=2, rng=np.random.default_rng(8))
    hidden = np.abs(values[:, :12].reshape(-1, 3))
    assert 0.95 < hidden[:, :2].max() / (0.2 * np.sqrt(6.0 / 6.0)) <= 1.0
    assert 0.95 < hidden[:, 2].max() <= 1.0
    assert 0.95 < np.abs(values[:, 12:-1]).max() / np.sqrt(6.0 / 5.0) <= 1.0
    assert not values[:, -1].any()


@given(n_networks=st.integers(1, 6), n_obs=st.integers(1, 700), n_units=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_predictions_agree_with_the_textbook(n_networks: int, n_obs: int, n_units: int) -> None:
    rng = np.random.default_rng(n_obs)
    X = rng.normal(size=(n_obs, 3))
    task = TrainingTask(
        X=X,
        outcome=rng.normal(size=n_obs),
        weights=np.ones((n_networks, n_obs)),
        selection=np.zeros((n_networks, n_obs)),
        start=initial_values(np.full(n_networks, n_units), n_inputs=3, rng=rng),
        n_units=np.full(n_networks, n_units),
        blind_steps=np.full(n_networks, 2),
    )
    networks = train(task, Settings()).networks
    for at, found in enumerate(networks.predict(X)):
        z = X @ networks.hidden[at, :, :-1].T + networks.hidden[at, :, -1]
        expected = 1.0 / (1.0 + np.exp(-z)) @ networks.output[at] + networks.intercept[at]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_a_task_with_shapes_that_disagree_is_refused() -> None:
    task = make_task()
    with pytest.raises(ValueError, match=r"selection \(2, 300\)"):
        replace(task, selection=task.selection[:2])


def standardised_slopes(X, outcome, weights, *, n_slopes):
    """Return weighted least squares slopes in deviations of the outcome per deviation of the input."""
    root = np.sqrt(weights)
    slopes = np.linalg.lstsq(X * root[:, None], outcome * root, rcond=None)[0][:n_slopes]
    columns = np.column_stack([X[:, :n_slopes], outcome])
    spread = np.sqrt(weights @ np.square(columns - weights @ columns / weights.sum()) / weights.sum())
    return slopes * spread[:-1] / spread[-1]


@pytest.mark.parametrize(("activation", "unit_slope"), [("tanh", 1.0), ("sigmoid", 0.25)])
@pytest.mark.parametrize("n_levels", [0, 12])
def test_a_network_starts_at_the_least_squares_fit(activation, unit_slope, n_levels):
    task = make_task(n_units=(3, 1, 2))
    X, n_inputs = np.column_stack([task.X, np.ones(len(task.X))]), task.X.shape[1]
    if n_levels:
        codes = np.arange(len(task.X)) % n_levels
        task = replace(task, levels=(codes,), outcome=task.outcome + 0.3 * codes)
        X = np.column_stack([task.X, np.eye(n_levels)[codes]])
    start = started_at_least_squares(task, activation=activation)
    slopes = start[:, :n_inputs] * start[:, [3 * (n_inputs + 1)]] * unit_slope
    owed = [standardised_slopes(X, task.outcome, weights, n_slopes=n_inputs) for weights in task.weights]
    np.testing.assert_allclose(slopes, owed, rtol=1e-8)
    assert not start[:, 3 * (n_inputs + 1) + 1 : -1].any()


def changes(estimator, panel):
    """Return by how much draws change over four deviations of the first input, (n_draws,)."""
    weights = draw_weights(panel, 8, unit="entity", rng=np.random.default_rng(5))
    fitted = estimator.fit_draws(
        panel, weights=weights, selection=out_of_bag(weights), rng=np.random.default_rng(0)
    )
    low, high = (fitted.predict(panel.with_column("x0", value)).mean(axis=1) for value in (-2.0, 2.0))
    return high - low


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(Mlp(hidden=3, restarts=1), id="mlp"),
        pytest.param(Mlp(hidden=3, restarts=1, effects=("entity",)), id="with effects"),
        pytest.param(SomAnn(hidden=3, restarts=1, combine="one_hot", clusters=2), id="som_ann"),
    ],
)
def test_early_stopping_does_not_shrink_a_line(estimator):
    panel = make_panel(lambda X: X[:, 0], n_inputs=12, noise=3.0)
    shrunk, kept = (
        changes(replace(estimator, start=start), panel).mean() for start in ("random", "least_squares")
    )
    X = np.column_stack([panel.X, np.ones(panel.n_obs)])
    slope = np.linalg.lstsq(X, panel.observed, rcond=None)[0][panel.columns.index("x0")]
    assert abs(kept / (4.0 * slope) - 1.0) < 0.15
    assert abs(shrunk / (4.0 * slope) - 1.0) > abs(kept / (4.0 * slope) - 1.0)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"activation": "relu"}, "needs units that are nearly lines"),
        ({"optimiser": "projected_lbfgs"}, "do not go together"),
    ],
)
def test_a_start_that_cannot_be_is_refused(options, why):
    with pytest.raises(ValueError, match=why):
        Mlp(start="least_squares", **options)


OPTIMISERS = [Lbfgs(), Adam(), GradientDescent(rate=0.01, momentum=0.9)]
has_gpu = torch.cuda.is_available()


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda optimiser: type(optimiser).__name__)
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_all_of_a_round_lies_on_the_device_that_is_asked_for(optimiser, precision):
    """Torch refuses to combine tensors of two devices; ``meta`` is one that every machine has."""
    task = make_task(n_units=(2, 5, 1, 4))
    with torch.device("meta"):
        settings = Settings(weight_decay=0.1, precision=precision, device="cuda", patience=1, tolerance=0.0)
        objective = Objective(task, settings)
        objective.admit(np.arange(4))
        points = torch.as_tensor(task.start) * objective.layout.stretch(optimiser.bias_stretch)
        descent = optimiser.begin(points)
        limit = torch.as_tensor(task.blind_steps)
        progress = begin_progress(points, limit=limit, watches=limit > 0)
        for _ in range(2):
            evaluation = objective.evaluate(descent.trial())
            outcome = descent.advance(evaluation)
            progress = update_progress(progress, evaluation=evaluation, moved=outcome.moved)
        finished = has_finished(progress, evaluation.gradient, settings, moved=outcome.moved)
        kept = torch.as_tensor(np.array([0, 2]))
        objective.keep(kept)
        descent.keep(kept)
        found = objective.evaluate(descent.trial())
        weights = objective.weights_at(descent.trial())
    assert finished.is_meta
    assert found.gradient.is_meta
    assert found.selection.is_meta
    assert weights.hidden.is_meta


@pytest.mark.skipif(has_gpu, reason="torch finds a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    panel = make_panel(lambda X: X[:, 0])
    with pytest.raises(EstimationError, match="torch finds no GPU"):
        Mlp(device="cuda", hidden=2).fit(panel, rng=random_stream(0))


def test_an_optimiser_that_uses_no_gpu_is_refused_one():
    with pytest.raises(EstimationError, match="levenberg_marquardt trains on the processor alone"):
        Mlp(device="cuda", optimiser="levenberg_marquardt").settings()


@pytest.mark.skipif(not has_gpu, reason="torch finds no GPU")
def test_a_gpu_gives_what_the_processor_gives():
    task = make_task(n_units=(2, 5, 1, 4))
    expected, found = (train(task, Settings(max_steps=10, device=device)) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(found.networks.predict(task.X), expected.networks.predict(task.X), atol=1e-6)
