"""Prediction error of one estimator on one set of rows, and prediction intervals for entities never seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.evaluation.losses import Sides, cells, taken


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
    nmse, n_entities = float((squared / train_variance).mean()), np.count_nonzero(np.bincount(entities))
    r2 = 1.0 - mse / variance if variance > 0 else float("nan")
    return Accuracy(mse, float(np.sqrt(mse)), nmse, r2, observed.size, int(n_entities))


# Nominal coverage of a row of an entity never seen.
LEVEL = 0.9


def entity_half_widths(tested: pd.DataFrame, *, level: float = LEVEL) -> Floats:
    """Return half the width of each row's interval, (n_rows,), outcome units.

    An interval reaches to either side of a prediction as far as the absolute errors of other entities do,
    those of the other folds, which were not trained on either. Entities count alike, an entity's rows share
    its part, and the one that is predicted counts as infinitely far off: split conformal prediction for
    exchangeable entities (Lee, Barber and Willett 2023; Dunn, Wasserman and Ramdas 2023), in its
    cross-validated form (Barber, Candes, Ramdas and Tibshirani 2021).

    Parameters
    ----------
    tested : test rows with columns fold, entity, observed, predicted; every entity in one fold
    level : in (0, 1)

    Returns
    -------
    Infinite where there are too few other entities for the level.
    """
    error = (tested["observed"] - tested["predicted"]).abs().to_numpy()
    fold, entity = (pd.factorize(tested[name], sort=True)[0] for name in ("fold", "entity"))
    share = 1.0 / np.bincount(entity)[entity]
    half = np.empty(error.size)
    for held_out in np.unique(fold):
        others = fold != held_out
        order = np.argsort(error[others], kind="stable")
        n_entities = np.unique(entity[others]).size
        reached = np.cumsum(share[others][order]) / (n_entities + 1.0)
        at = int(np.searchsorted(reached, level - 1e-12))
        half[~others] = error[others][order][at] if at < reached.size else np.inf
    return half


def _intervals(
    predictions: pd.DataFrame,
) -> Iterator[tuple[tuple[str, ...], Ints, pd.DataFrame, Floats]]:
    """Yield the intervals of cells whose folds test each entity once, trained on others.

    Yields
    ------
    Outcome, estimator and protocol, the positions of the test rows in the table ``predictions``, these rows,
    and half the width of their intervals.
    """
    for place, own in cells(predictions, ("outcome", "estimator", "protocol")):
        rows = taken(predictions, own, ("fold", "entity", "sample"))
        sides = Sides.of(rows, "entity")
        if sides.are_apart and sides.are_tested_once:
            positions = own[(rows["sample"] == "test").to_numpy()]
            tested = taken(predictions, positions, ("fold", "entity", "observed", "predicted"))
            yield place, positions, tested, entity_half_widths(tested)


def with_limits(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with the limits of their intervals, NaN where entities were seen."""
    low, high = (np.full(len(predictions), np.nan) for _ in range(2))
    for _, own, tested, half in _intervals(predictions):
        finite = np.where(np.isfinite(half), half, np.nan)
        low[own] = tested["predicted"] - finite
        high[own] = tested["predicted"] + finite
    return predictions.assign(predicted_low=low, predicted_high=high)


def coverage_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often intervals hold a row of an entity never seen, and how wide they are on average.

    Returns
    -------
    Columns outcome, estimator, protocol, sample, coverage, width; no row where there are no such intervals.
    """
    found = []
    for place, _, tested, half in _intervals(predictions):
        if np.isfinite(half).all():
            error = (tested["observed"] - tested["predicted"]).abs().to_numpy()
            found.append((*place, "test", (error <= half).mean(), 2.0 * half.mean()))
    columns = ["outcome", "estimator", "protocol", "sample", "coverage", "width"]
    return pd.DataFrame(found, columns=columns)
