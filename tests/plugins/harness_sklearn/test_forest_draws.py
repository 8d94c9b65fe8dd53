"""Random forests of bootstrap draws, beside scikit-learn used directly and beside fits one by one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from harness import EstimationError
from harness.plugin import draw_weights, out_of_bag, random_stream
from harness.scenarios.draws import drawn_panel
from harness_sklearn import RandomForest
from panels import wave_panel

FOREST = RandomForest(trees=20, draw_trees=10, min_leaf=(3, 30))
make_panel = partial(wave_panel, n_entities=40, n_periods=5, noise=0.3)


def drawn(panel, weights, *, estimator=FOREST, selection=None, seed=0):
    return estimator.fit_draws(panel, weights=weights, selection=selection, rng=random_stream(seed, "draws"))


def test_each_forest_is_that_of_scikit_learn_on_the_rows_of_its_draw():
    panel = make_panel()
    weights = draw_weights(panel, 3, unit="entity", rng=random_stream(1))
    draws = drawn(panel, weights)
    for weight, model, predicted in zip(weights, draws.models, draws.predict(panel), strict=True):
        rows = np.repeat(np.arange(panel.n_obs), weight.astype(int))
        direct = RandomForestRegressor(
            n_estimators=10, min_samples_leaf=3, max_features=1 / 3, random_state=model.random_state
        ).fit(panel.X[rows], panel.observed[rows])
        assert predicted == pytest.approx(direct.predict(panel.X), abs=1e-6)


def test_they_vary_as_fits_one_by_one_do():
    panel = make_panel()
    weights = draw_weights(panel, 60, unit="entity", rng=random_stream(2))
    estimator = RandomForest(trees=10, draw_trees=10, min_leaf=(5,))
    together = drawn(panel, weights, estimator=estimator).predict(panel)
    apart = np.stack(
        [
            estimator.fit(drawn_panel(panel, weight), rng=own).predict(panel)
            for weight, own in zip(weights, random_stream(3).spawn(60), strict=True)
        ]
    )
    assert together.mean(axis=0) == pytest.approx(apart.mean(axis=0), abs=0.2)
    assert together.std(axis=0).mean() == pytest.approx(apart.std(axis=0).mean(), rel=0.1)


def test_leaves_are_chosen_on_the_rows_that_all_draws_select_on():
    panel = make_panel(noise=0.05)
    is_aside = panel.entity.codes < 10
    weights = draw_weights(panel, 4, unit="entity", rng=random_stream(1))
    weights[:, is_aside] = 0.0
    scrambled = panel.observed.copy()
    scrambled[is_aside] = random_stream(4).permutation(scrambled[is_aside])
    noisy = replace(panel, observed=scrambled)
    selection = np.broadcast_to(is_aside.astype(float), weights.shape)
    assert drawn(panel, weights, selection=selection).min_leaf == 3
    assert drawn(noisy, weights, selection=selection).min_leaf == 30


def test_rows_left_out_draw_by_draw_choose_as_no_selection_rows_do():
    panel = make_panel()
    weights = draw_weights(panel, 4, unit="entity", rng=random_stream(1))
    np.testing.assert_array_equal(
        drawn(panel, weights, selection=out_of_bag(weights)).predict(panel),
        drawn(panel, weights).predict(panel),
    )


def test_a_draw_without_rows_is_refused():
    panel = make_panel()
    weights = np.ones((2, panel.n_obs))
    weights[1] = 0.0
    with pytest.raises(EstimationError, match="no row of positive weight"):
        drawn(panel, weights)
