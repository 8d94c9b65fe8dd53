"""Accuracy against numbers worked out by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error, r2_score

from harness.evaluation.accuracy import accuracy


def test_by_hand():
    figures = accuracy(
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([1.0, 2.0, 5.0, 4.0]),
        train_variance=np.array([2.0, 2.0, 4.0, 4.0]),
        entities=np.array([0, 0, 1, 1]),
    )
    assert figures.mse == 1.0
    assert figures.rmse == 1.0
    assert figures.nmse == 0.25
    assert figures.r2 == pytest.approx(1.0 - 1.0 / 1.25)
    assert (figures.n_obs, figures.n_entities) == (4, 2)


def test_against_scikit_learn():
    rng = np.random.default_rng(0)
    observed, predicted = rng.normal(size=(2, 50))
    figures = accuracy(observed, predicted, train_variance=np.ones(50), entities=np.arange(50))
    assert figures.mse == pytest.approx(mean_squared_error(observed, predicted), rel=1e-14)
    assert figures.r2 == pytest.approx(r2_score(observed, predicted), rel=1e-12)
