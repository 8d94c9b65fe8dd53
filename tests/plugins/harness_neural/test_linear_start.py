"""Networks that start at the least squares fit of their rows, against least squares by numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.plugin import draw_weights, out_of_bag
from harness_neural.batch.task import started_at_least_squares
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from neural_tasks import make_panel, make_task


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
