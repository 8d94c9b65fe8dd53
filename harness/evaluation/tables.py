"""Accuracy and gain tables, computed from stored predictions alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pandas as pd

from harness.arrays import Ints
from harness.evaluation.accuracy import accuracy
from harness.evaluation.gain import entity_losses, gain_over
from harness.rng import stream

SAMPLES = {"train": ("train",), "test": ("test",), "all": ("train", "test")}
"""Sides of the folds that make up each sample."""

Group = tuple[tuple[str, str], str, pd.DataFrame]


def _samples(predictions: pd.DataFrame) -> Iterator[Group]:
    """Yield ((outcome, protocol), sample, rows) for every sample of every protocol."""
    for key, rows in predictions.groupby(["outcome", "protocol"], sort=False, observed=True):
        outcome, protocol = key
        for sample, sides in SAMPLES.items():
            yield (str(outcome), str(protocol)), sample, rows[rows["sample"].isin(sides)]


def accuracy_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of every estimator under every protocol.

    Parameters
    ----------
    predictions : the table ``predictions``: outcome, estimator, protocol, fold, entity, time, observed,
        predicted, sample, train_variance; all estimators of a protocol on the same rows
    """
    found = []
    for (outcome, protocol), sample, rows in _samples(predictions):
        for estimator, own in rows.groupby("estimator", sort=False, observed=True):
            figures = accuracy(
                own["observed"].to_numpy(),
                own["predicted"].to_numpy(),
                train_variance=own["train_variance"].to_numpy(),
                entities=_codes(own["entity"]),
            )
            place = {"outcome": outcome, "estimator": estimator, "protocol": protocol, "sample": sample}
            found.append(place | asdict(figures) | {"status": "ok", "reason": ""})
    return pd.DataFrame(found)


def gain_table(
    predictions: pd.DataFrame, *, reference: str, level: float, n_draws: int, seed: int
) -> pd.DataFrame:
    """Return the gain of every estimator but the reference, paired on the rows both predicted.

    Parameters
    ----------
    predictions : as in `accuracy_table`
    reference : estimator that gains are over
    level : in (0, 1), nominal coverage of the intervals
    n_draws : bootstrap draws of entities
    seed : root seed; all estimators of a protocol and sample share their draws
    """
    found = []
    for (outcome, protocol), sample, rows in _samples(predictions):
        losses = _losses(rows)
        if reference not in losses:
            continue
        entities = _codes(losses.index.get_level_values("entity"))
        for estimator in losses.columns.drop(reference):
            figures = gain_over(
                entity_losses(losses[estimator].to_numpy(), losses[reference].to_numpy(), entities),
                level=level,
                n_draws=n_draws,
                rng=stream(seed, "gain", outcome, protocol, sample),
            )
            place = {"outcome": outcome, "estimator": estimator, "reference": reference, "protocol": protocol}
            found.append(place | {"sample": sample} | asdict(figures) | {"status": "ok", "reason": ""})
    return pd.DataFrame(found)


def _losses(rows: pd.DataFrame) -> pd.DataFrame:
    """Return squared errors, a row of the panel in a fold by an estimator."""
    loss = (rows["observed"] - rows["predicted"]) ** 2
    by = rows[["fold", "sample", "entity", "time", "estimator"]].assign(loss=loss)
    wide = by.pivot(index=["fold", "sample", "entity", "time"], columns="estimator", values="loss")  # noqa: PD010
    return wide[list(dict.fromkeys(rows["estimator"]))]


def _codes(labels: pd.Series | pd.Index) -> Ints:
    codes, _ = pd.factorize(labels, sort=True)
    return codes.astype(np.int64)
