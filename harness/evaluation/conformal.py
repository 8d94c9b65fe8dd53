"""Prediction intervals for entities never seen, calibrated on whole entities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.evaluation.samples import Sides, cells, taken

LEVEL = 0.9
"""Nominal coverage of a row of an entity never seen."""


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


def cells_of_unseen(predictions: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], Ints]]:
    """Yield cells whose folds test each entity once, trained on others.

    Yields
    ------
    Outcome, estimator and protocol, and the positions of the test rows in the table ``predictions``.
    """
    for place, own in cells(predictions, ("outcome", "estimator", "protocol")):
        rows = taken(predictions, own, ("fold", "entity", "sample"))
        sides = Sides.of(rows, "entity")
        if sides.are_apart and sides.are_tested_once:
            yield place, own[(rows["sample"] == "test").to_numpy()]


_OF_INTERVALS = ("fold", "entity", "observed", "predicted")


def with_limits(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return predictions with the limits of their intervals, NaN where entities were seen."""
    low, high = (np.full(len(predictions), np.nan) for _ in range(2))
    for _, own in cells_of_unseen(predictions):
        tested = taken(predictions, own, _OF_INTERVALS)
        half = entity_half_widths(tested)
        half = np.where(np.isfinite(half), half, np.nan)
        low[own] = tested["predicted"] - half
        high[own] = tested["predicted"] + half
    return predictions.assign(predicted_low=low, predicted_high=high)


def coverage_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return how often intervals hold a row of an entity never seen, and how wide they are on average.

    Returns
    -------
    Columns outcome, estimator, protocol, sample, coverage, width; no row where there are no such intervals.
    """
    found = []
    for (outcome, estimator, protocol), own in cells_of_unseen(predictions):
        tested = taken(predictions, own, _OF_INTERVALS)
        half = entity_half_widths(tested)
        if np.isfinite(half).all():
            error = (tested["observed"] - tested["predicted"]).abs().to_numpy()
            place = {"outcome": outcome, "estimator": estimator, "protocol": protocol, "sample": "test"}
            found.append(place | {"coverage": (error <= half).mean(), "width": 2.0 * half.mean()})
    columns = ["outcome", "estimator", "protocol", "sample", "coverage", "width"]
    return pd.DataFrame(found, columns=columns)
