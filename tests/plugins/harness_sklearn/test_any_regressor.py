"""Any regressor of scikit-learn in a study, and nothing else that a spec could name."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LinearRegression

from harness.plugin import random_stream
from harness_panel import PooledOLS
from harness_sklearn import Sklearn
from panels import simulated_panel


def test_it_predicts_as_the_regressor_does():
    panel = simulated_panel(random_stream(11))
    own = Sklearn.wrapping(LinearRegression()).fit(panel).predict(panel)
    np.testing.assert_allclose(own, PooledOLS().fit(panel).predict(panel), atol=1e-6)
    trees = Sklearn.wrapping(ExtraTreesRegressor(n_estimators=5, min_samples_leaf=3))
    assert trees.options == {"n_estimators": 5, "min_samples_leaf": 3}
    first, again = (trees.fit(panel, rng=random_stream(7)).predict(panel) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, trees.fit(panel, rng=random_stream(8)).predict(panel))


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "sklearn.conftest.Any",
        "sklearn.svm.SVC",
        "sklearn.utils.Bunch",
        "sklearn.svm._base.SVR",
        "this.S",
    ],
)
def test_nothing_but_a_regressor_of_scikit_learn_is_imported(path):
    before = set(sys.modules)
    with pytest.raises(ValueError, match="a regressor of scikit-learn"):
        Sklearn(path)
    assert all(name.partition(".")[0] == "sklearn" for name in set(sys.modules) - before)
    assert "sklearn.conftest" not in sys.modules


@pytest.mark.parametrize(
    ("options", "words"),
    [({"c": 1}, "no 'c', only kernel"), ({"C": "a"}, "'C' parameter"), ({"C": -1.0}, "range")],
)
def test_options_are_checked_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        Sklearn("sklearn.svm.SVR", options)
