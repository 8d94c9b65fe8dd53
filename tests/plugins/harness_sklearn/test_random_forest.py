"""Random forests beside scikit-learn used directly, and on panels with a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from harness.plugin import random_stream
from harness_sklearn import RandomForest
from panels import wave_panel


def direct(panel, *, min_leaf, trees=30, column_share=1 / 3):
    """The forest of scikit-learn on columns and outcome in their own units, from the same seed."""
    forest = RandomForestRegressor(
        n_estimators=trees,
        min_samples_leaf=min_leaf,
        max_features=column_share,
        random_state=int(random_stream(0, "f").integers(2**32)),
    )
    return forest.fit(panel.X, panel.observed)


def test_a_nonlinear_truth_is_found():
    train, test = wave_panel(seed=1, n_entities=200), wave_panel(seed=2, noise=0.0)
    fit = RandomForest().fit(train, rng=random_stream(0))
    assert np.mean((fit.predict(test) - test.observed) ** 2) < 0.1 * test.observed.var()


@pytest.mark.parametrize("noise", [0.1, 3.0])
def test_leaves_are_the_best_on_the_selection_rows_and_the_fit_is_that_of_scikit_learn(noise):
    train, selection = wave_panel(seed=1, noise=noise), wave_panel(seed=2, noise=noise)
    fit = RandomForest(trees=30, min_leaf=(3, 30, 10)).fit(
        train, rng=random_stream(0, "f"), selection=selection
    )
    forests = {leaf: direct(train, min_leaf=leaf) for leaf in (30, 10, 3)}
    errors = {
        leaf: np.mean((forest.predict(selection.X) - selection.observed) ** 2) / train.observed.var()
        for leaf, forest in forests.items()
    }
    table = fit.details()["search"]
    assert dict(zip(table["min_leaf"], table["selection_nmse"], strict=True)) == pytest.approx(
        errors, rel=1e-6
    )
    assert fit.min_leaf == min(errors, key=errors.get) == (3 if noise < 1.0 else 30)
    assert fit.predict(selection) == pytest.approx(forests[fit.min_leaf].predict(selection.X), abs=1e-6)


def test_rows_set_aside_for_the_choice_are_fitted_on_after_it():
    panel = wave_panel(seed=3)
    fit = RandomForest(trees=1, min_leaf=(40,)).fit(panel, rng=random_stream(0))
    assert fit.model.estimators_[0].tree_.weighted_n_node_samples[0] == panel.n_obs


def test_leaves_that_rows_cannot_fill_are_not_tried():
    panel = wave_panel(n_entities=10, n_periods=3)
    fit = RandomForest(trees=5, min_leaf=(5, 12, 13, 60)).fit(panel, rng=random_stream(0))
    assert fit.details()["search"]["min_leaf"] == [12, 5]
