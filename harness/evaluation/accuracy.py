"""Prediction error of one estimator on one set of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints


@dataclass(frozen=True)
class Accuracy:
    """Errors over the rows compared, every fold's rows together.

    Attributes
    ----------
    mse : mean squared error, squared outcome units
    rmse : its root, outcome units
    nmse : mean of squared errors over the variance of the outcome on the fold's training rows; unit-free,
        1 is the error of predicting the training mean where train and test agree
    r2 : 1 - mse / variance of the outcome on the rows compared
    n_obs, n_entities : rows and entities compared; a row tested in two folds counts twice
    """

    mse: float
    rmse: float
    nmse: float
    r2: float
    n_obs: int
    n_entities: int


def accuracy(observed: Floats, predicted: Floats, *, train_variance: Floats, entities: Ints) -> Accuracy:
    """Return the accuracy of predictions.

    Parameters
    ----------
    observed, predicted : (n_obs,), outcome units
    train_variance : (n_obs,), > 0
        Variance of the outcome on the training rows of the fold that the row was predicted in.
    entities : (n_obs,), codes >= 0
    """
    squared = (observed - predicted) ** 2
    mse = float(squared.mean())
    variance = float(observed.var())
    return Accuracy(
        mse=mse,
        rmse=float(np.sqrt(mse)),
        nmse=float((squared / train_variance).mean()),
        r2=1.0 - mse / variance if variance > 0 else float("nan"),
        n_obs=observed.size,
        n_entities=int(np.count_nonzero(np.bincount(entities))),
    )
