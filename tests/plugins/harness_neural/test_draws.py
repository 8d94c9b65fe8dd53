from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import Panel
from harness.plugin import Floats, draw_weights, out_of_bag
from harness_neural.fits import FittedNetworkDraws
from harness_neural.mlp import Mlp
from harness_neural.som_ann import SomAnn
from neural_tasks import make_panel, wave

SMALL = Mlp(hidden=3, restarts=2)


def fit_draws(estimator: Mlp | SomAnn, panel: Panel, *, n_draws: int = 12) -> FittedNetworkDraws:
    weights = draw_weights(panel, n_draws, unit="entity", rng=np.random.default_rng(5))
    return estimator.fit_draws(
        panel, weights=weights, selection=out_of_bag(weights), rng=np.random.default_rng(0)
    )


def out_of_draw_errors(estimator: Mlp, panel: Panel) -> Floats:
    predicted = fit_draws(estimator, panel).predict(panel)
    weights = draw_weights(panel, 12, unit="entity", rng=np.random.default_rng(5))
    squares = np.square(predicted - panel.observed) * (weights == 0.0)
    return squares.sum(axis=1) / (weights == 0.0).sum(axis=1)


def test_a_search_a_draw_lowers_the_error_it_selects_by() -> None:
    panel = make_panel(wave, noise=1.0)
    estimator = Mlp(hidden="auto", flexibility=20.0, sizes_around=1, restarts=2)
    once, each = (
        out_of_draw_errors(replace(estimator, draw_size=size), panel) for size in ("full_sample", "each_draw")
    )
    assert each.mean() < once.mean()


def test_a_draw_keeps_the_best_of_its_starts() -> None:
    panel = make_panel(wave, noise=1.0)
    once, best = (out_of_draw_errors(replace(SMALL, draw_restarts=starts), panel) for starts in (1, 4))
    assert (best <= once + 1e-12).all()
    assert best.mean() < once.mean()


def test_draws_that_start_from_the_full_sample_hardly_leave_it() -> None:
    panel = make_panel(wave, noise=1.0)
    random, warm = (
        fit_draws(replace(SMALL, draw_start=start), panel).predict(panel)
        for start in ("random", "full_sample")
    )
    assert warm.std(axis=0).mean() < 0.85 * random.std(axis=0).mean()


@pytest.mark.parametrize(
    "estimator", [SMALL, SomAnn(hidden=2, restarts=1, map_starts=1)], ids=["mlp", "som_ann"]
)
def test_draws_that_train_on_all_rows_and_start_from_the_full_sample_are_one(estimator: Mlp | SomAnn) -> None:
    panel = make_panel(wave, noise=1.0)
    everyone = np.ones((3, panel.n_obs))
    warm = replace(estimator, draw_start="full_sample", max_steps=20)
    fitted = warm.fit_draws(panel, weights=everyone, selection=None, rng=np.random.default_rng(0))
    predicted = fitted.predict(panel)
    np.testing.assert_allclose(predicted[1:], predicted[[0, 0]], atol=1e-6)


@pytest.mark.parametrize(
    "estimator", [SMALL, SomAnn(hidden=2, restarts=1, map_starts=1)], ids=["mlp", "som_ann"]
)
def test_draws_of_a_number_of_steps_do_not_see_rows_left_out(estimator: Mlp | SomAnn) -> None:
    panel = make_panel(wave, noise=1.0)
    weights = draw_weights(panel, 3, unit="entity", rng=np.random.default_rng(5))
    fixed = replace(estimator, draw_steps=9)
    prepared = fixed.prepare_draws(panel, selection=None, rng=np.random.default_rng(0))
    rngs = np.random.default_rng(1).spawn(3), np.random.default_rng(1).spawn(3)
    seen = prepared.fit(weights, selection=out_of_bag(weights), rngs=rngs[0]).predict(panel)
    unseen = prepared.fit(weights, selection=None, rngs=rngs[1]).predict(panel)
    np.testing.assert_array_equal(seen, unseen)


def test_a_draw_takes_the_steps_that_it_is_told() -> None:
    panel = make_panel(wave, noise=1.0)
    errors = []
    for steps in (1, 5, 25, 125):
        fitted = fit_draws(replace(SMALL, draw_steps=steps), panel)
        weights = draw_weights(panel, 12, unit="entity", rng=np.random.default_rng(5))
        squares = np.square(fitted.predict(panel) - panel.observed) * weights
        errors.append(squares.sum() / weights.sum())
    assert (np.diff(errors) < 0.0).all()
