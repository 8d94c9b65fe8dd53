"""The rows of predictions that belong together: those of a cell, and of the samples of a protocol.

Cells are found by the positions of their rows, and rows are copied for one estimator at a time: those of
all estimators on 10^6 rows of a panel would not fit into memory twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Ints, Mask

# Sides of the folds that make up each sample.
SAMPLES: Mapping[str, tuple[str, ...]] = {"train": ("train",), "test": ("test",), "all": ("train", "test")}

# Columns of predictions that hold few texts, each many times.
TEXTS = ("outcome", "estimator", "protocol", "fold", "entity", "time", "sample")


@dataclass(frozen=True, eq=False)
class SampleRows:
    """The rows of one sample of one protocol.

    Attributes
    ----------
    place : outcome, protocol and sample
    predictions : of all cells, texts as categories
    cells : positions of the protocol's rows among them, by estimator
    inside : whether rows are of the sample, (n_predictions,), whatever their protocol
    new_periods : whether they are test rows of periods that their fold does not train on
    test_to_train : test rows over training rows of the protocol's splits
    """

    place: Mapping[str, str]
    predictions: pd.DataFrame
    cells: Mapping[str, Ints]
    inside: Mask
    new_periods: bool
    test_to_train: float

    @property
    def estimators(self) -> tuple[str, ...]:
        """Estimators that have rows, in the order of their first ones."""
        return tuple(name for name, own in self.cells.items() if self.inside[own].any())

    def positions(self, estimator: str) -> Ints:
        """Return the positions of an estimator's rows of the sample."""
        own = self.cells[estimator]
        return own[self.inside[own]]


def samples(
    predictions: pd.DataFrame, *, among: Mapping[str, tuple[str, ...]] = SAMPLES
) -> Iterator[SampleRows]:
    """Yield the rows of every sample of every protocol of every outcome.

    Parameters
    ----------
    predictions : the table ``predictions``
    among : sides of the folds that make up each sample
    """
    known = predictions.astype(dict.fromkeys(TEXTS, "category"))
    protocols: dict[tuple[str, ...], dict[str, Ints]] = {}
    for (*place, estimator), own in cells(known, ("outcome", "protocol", "estimator")):
        protocols.setdefault(tuple(place), {})[estimator] = own
    for (outcome, protocol), estimators in protocols.items():
        any_rows = taken(known, next(iter(estimators.values())), ("fold", "sample", "time"))
        is_new = Sides.of(any_rows, "time").are_apart
        n_test, n_train = (
            sum(int(np.count_nonzero(inside[own])) for own in estimators.values())
            for inside in (_inside(known, ("test",)), _inside(known, ("train",)))
        )
        for sample, parts in among.items():
            yield SampleRows(
                place={"outcome": outcome, "protocol": protocol, "sample": sample},
                predictions=known,
                cells=estimators,
                inside=_inside(known, parts),
                new_periods=is_new and sample == "test",
                test_to_train=n_test / n_train,
            )


def cells(predictions: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Ints]]:
    """Yield the texts that rows have in some columns, and the positions of these rows, sorted.

    Those whose first row comes first are the first.
    """
    columns = [predictions[name].astype("category").cat for name in by]
    # As few bytes a row as can be, of which the sort is linear in the rows.
    dtype = np.min_scalar_type(math.prod(len(column.categories) for column in columns))
    code = np.zeros(len(predictions), dtype)
    for column in columns:
        code = code * dtype.type(len(column.categories)) + column.codes.to_numpy().astype(dtype)
    order = np.argsort(code, kind="stable")
    changes = np.flatnonzero(np.diff(code[order])) + 1
    for own in sorted(np.split(order, changes), key=lambda own: own[:1].tolist()):
        if own.size:
            yield tuple(str(predictions[name].iloc[own[0]]) for name in by), own


def taken(predictions: pd.DataFrame, positions: Ints, names: Iterable[str]) -> pd.DataFrame:
    """Return some columns of the rows at some positions."""
    return pd.DataFrame({name: predictions[name].array.take(positions) for name in names}, copy=False)


def _inside(predictions: pd.DataFrame, sides: Sequence[str]) -> Mask:
    """Return whether rows are on one of these sides of their fold, (n_predictions,)."""
    side = predictions["sample"].cat
    return np.isin(side.categories.to_numpy(), list(sides))[side.codes.to_numpy()]


@dataclass(frozen=True, eq=False)
class Sides:
    """What each fold tests and what it trains on, of entities or of periods.

    Attributes
    ----------
    tested, trained : (n_folds, n_labels), whether a fold has rows with the label on that side
    """

    tested: Mask
    trained: Mask

    @classmethod
    def of(cls, rows: pd.DataFrame, key: str) -> Sides:
        """Find the sides of predictions of one estimator under one protocol.

        Parameters
        ----------
        rows : both sides of every fold: fold, sample and the key
        key : ``entity`` or ``time``
        """
        fold, label = (pd.factorize(rows[name])[0] for name in ("fold", key))
        is_test = (rows["sample"] == "test").to_numpy()
        tested, trained = np.zeros((2, fold.max(initial=-1) + 1, label.max(initial=-1) + 1), dtype=np.bool_)
        tested[fold[is_test], label[is_test]] = True
        trained[fold[~is_test], label[~is_test]] = True
        return cls(tested, trained)

    @property
    def are_apart(self) -> bool:
        """Whether there are test rows, and no fold trains on a label that it tests."""
        return bool(self.tested.any()) and not (self.tested & self.trained).any()

    @property
    def are_tested_once(self) -> bool:
        """Whether there are several folds with test rows, and none tests a label that another does."""
        return bool(self.tested.any(axis=1).sum() > 1 and (self.tested.sum(axis=0) <= 1).all())
