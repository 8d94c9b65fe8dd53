"""Accuracy and gain tables, computed from stored predictions alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from harness.evaluation.accuracy import accuracy
from harness.evaluation.gain import gain_over
from harness.evaluation.gain_tests import corrected_t_p_value, holm_adjusted, max_t_p_values
from harness.evaluation.losses import PairedLosses
from harness.rng import random_stream

SAMPLES: Mapping[str, tuple[str, ...]] = {"train": ("train",), "test": ("test",), "all": ("train", "test")}
"""Sides of the folds that make up each sample."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn.

    Attributes
    ----------
    level : in (0, 1), nominal coverage
    n_draws : draws of entities
    seed : root seed; all estimators of a protocol and sample share their draws
    """

    level: float
    n_draws: int
    seed: int


def samples(
    predictions: pd.DataFrame, *, among: Mapping[str, tuple[str, ...]] = SAMPLES
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield outcome, protocol and sample with their rows, for every sample of every protocol.

    Parameters
    ----------
    among : sides of the folds that make up each sample
    """
    for key, rows in predictions.groupby(["outcome", "protocol"], sort=False, observed=True):
        outcome, protocol = key
        for sample, sides in among.items():
            place = {"outcome": str(outcome), "protocol": str(protocol), "sample": sample}
            yield place, rows[rows["sample"].isin(sides)]


def accuracy_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of every estimator under every protocol.

    Parameters
    ----------
    predictions : the table ``predictions``: outcome, estimator, protocol, fold, entity, time, observed,
        predicted, sample, train_variance; all estimators of a protocol on the same rows
    """
    found = []
    for place, rows in samples(predictions):
        for estimator, own in rows.groupby("estimator", sort=False, observed=True):
            figures = accuracy(
                own["observed"].to_numpy(),
                own["predicted"].to_numpy(),
                train_variance=own["train_variance"].to_numpy(),
                entities=pd.factorize(own["entity"], sort=True)[0],
            )
            found.append(place | {"estimator": estimator} | asdict(figures) | {"status": "ok", "reason": ""})
    return pd.DataFrame(found)


def gain_table(
    predictions: pd.DataFrame,
    *,
    reference: str,
    bootstrap: Bootstrap,
    among: Mapping[str, tuple[str, ...]] = SAMPLES,
) -> pd.DataFrame:
    """Return the gain of every estimator but the reference, paired on the rows both predicted.

    Beside the p-value of each gain on its own stand three that allow for more: ``p_splits`` for the overlap
    of repeated splits, ``p_holm`` for all gains of the outcome and sample, ``p_best`` for picking the best
    estimator of the protocol.

    Parameters
    ----------
    predictions : as in `accuracy_table`
    reference : estimator that gains are over
    among : samples that gains are computed on, and the sides of the folds that make up each
    """
    found: list[dict[str, object]] = []
    for place, rows in samples(predictions, among=among):
        losses = PairedLosses.of(rows)
        if reference in losses.estimators and len(losses.estimators) > 1:
            ratio = _test_to_train(predictions, place)
            found += [
                place | row for row in _gains(losses, reference, place, bootstrap=bootstrap, ratio=ratio)
            ]
    table = pd.DataFrame(found)
    if table.empty:
        return table
    family = table.groupby(["outcome", "sample"], sort=False)["p_value"]
    return table.assign(p_holm=family.transform(lambda own: holm_adjusted(own.to_numpy())))


def gains_table(
    predictions: pd.DataFrame, *, references: Sequence[str], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Return the gains over one reference after the other, as `gain_table` has them.

    Adjusted p-values allow for all gains over their own reference.
    """
    parts = [gain_table(predictions, reference=reference, bootstrap=bootstrap) for reference in references]
    return pd.concat(parts, ignore_index=True)


def _gains(
    losses: PairedLosses, reference: str, place: Mapping[str, str], *, bootstrap: Bootstrap, ratio: float
) -> Iterator[dict[str, object]]:
    labels = tuple(place[name] for name in ("outcome", "protocol", "sample"))
    others = [name for name in losses.estimators if name != reference]
    best = max_t_p_values(
        *losses.differences(reference),
        n_draws=bootstrap.n_draws,
        rng=random_stream(bootstrap.seed, "best of many", *labels),
    )
    for estimator, p_best in zip(others, best, strict=True):
        figures = gain_over(
            losses.by_entity(estimator, reference),
            level=bootstrap.level,
            n_draws=bootstrap.n_draws,
            rng=random_stream(bootstrap.seed, "gain", *labels),
        )
        splits = losses.by_split(estimator, reference, test_to_train=ratio)
        p_splits = corrected_t_p_value(splits) if place["sample"] == "test" else float("nan")
        tests = {"p_splits": p_splits, "p_best": float(p_best)}
        who = {"estimator": estimator, "reference": reference}
        yield who | asdict(figures) | tests | {"status": "ok", "reason": ""}


def _test_to_train(predictions: pd.DataFrame, place: Mapping[str, str]) -> float:
    """Return test rows over training rows of a protocol's splits; they are the same for all estimators."""
    own = (predictions["outcome"] == place["outcome"]) & (predictions["protocol"] == place["protocol"])
    counts = predictions.loc[own, "sample"].value_counts()
    return float(counts["test"] / counts["train"])
