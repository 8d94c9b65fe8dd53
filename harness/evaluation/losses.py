"""The rows of predictions that belong together, and losses of estimators on them: by row, entity and split.

Cells are found by the positions of their rows, and rows are copied for one estimator at a time: those of
all estimators on 10^6 rows of a panel would not fit into memory twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints, Mask
from harness.errors import PluginError

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
    test_to_train : of test rows, how many a fold has over its training rows; 0 of other rows
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
        return tuple(name for name, positions in self.cells.items() if self.inside[positions].any())

    def positions(self, estimator: str) -> Ints:
        """Return the positions of an estimator's rows of the sample."""
        every = self.cells[estimator]
        return every[self.inside[every]]


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
    sides = [_inside(known, (side,)) for side in ("test", "train")]
    inside = {sample: _inside(known, parts) for sample, parts in among.items()}
    protocols: dict[tuple[str, ...], dict[str, Ints]] = {}
    for (*place, estimator), positions in cells(known, ("outcome", "protocol", "estimator")):
        protocols.setdefault(tuple(place), {})[estimator] = positions
    for (outcome, protocol), estimators in protocols.items():
        any_rows = taken(known, next(iter(estimators.values())), ("fold", "sample", "time"))
        is_new = Sides.of(any_rows, "time").are_apart
        n_test, n_train = (
            sum(int(np.count_nonzero(side[positions])) for positions in estimators.values()) for side in sides
        )
        for sample in among:
            yield SampleRows(
                place={"outcome": outcome, "protocol": protocol, "sample": sample},
                predictions=known,
                cells=estimators,
                inside=inside[sample],
                new_periods=is_new and sample == "test",
                test_to_train=n_test / n_train if sample == "test" else 0.0,
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
    for positions in sorted(np.split(order, changes), key=lambda positions: positions[:1].tolist()):
        if positions.size:
            yield tuple(str(predictions[name].iloc[positions[0]]) for name in by), positions


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


ROW = ["fold", "sample", "entity", "time"]

# What rows are grouped by for gains within parts.
PartKey = Literal["fold", "time"]

# Observed and predicted values, (n_obs,) each, to the loss of each row, (n_obs,), >= 0.
Loss = Callable[[Floats, Floats], Floats]


def squared_error(observed: Floats, predicted: Floats) -> Floats:
    """Return squared errors, (n_obs,), squared outcome units."""
    return np.asarray((observed - predicted) ** 2)


@dataclass(frozen=True, eq=False)
class ClusterLosses:
    """Losses of two estimators on the same rows, summed within clusters, such as entities.

    Attributes
    ----------
    loss, loss_reference : (n_clusters,), sums over the rows of each
    n_rows : (n_clusters,), rows summed, >= 1
    """

    loss: Floats
    loss_reference: Floats
    n_rows: Floats


@dataclass(frozen=True, eq=False)
class PairedLosses:
    """Losses, a row of the panel in a fold by an estimator.

    Attributes
    ----------
    frame : losses, index `ROW`, one column an estimator
    entities, periods : (n_rows,), codes in the order of the sorted labels, numbers among them by size
    new_periods : whether no period of these rows is trained on in their fold
    test_to_train : of test rows, how many a fold has over its training rows; 0 of other rows
    """

    frame: pd.DataFrame
    entities: Ints
    periods: Ints
    new_periods: bool
    test_to_train: float
    _parts: dict[PartKey, tuple[pd.DataFrame, pd.Series[int]]] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, sample: SampleRows, loss: Loss = squared_error) -> PairedLosses:
        """Pair the predictions of a sample by their losses."""
        frame = _side_by_side(sample, loss)
        entities, periods = (_codes(frame.index, key) for key in ("entity", "time"))
        return cls(frame, entities, periods, sample.new_periods, sample.test_to_train)

    @property
    def estimators(self) -> tuple[str, ...]:
        """Estimators that have predictions."""
        return tuple(self.frame.columns)

    def mean(self, estimator: str) -> float:
        """Return the mean loss of one estimator."""
        return float(self._column(estimator).mean())

    def by_entity(self, estimator: str, reference: str) -> ClusterLosses:
        """Return the losses of two estimators, summed within entities."""
        return cluster_losses(self._column(estimator), self._column(reference), self.entities)

    def by_period(self, estimator: str, reference: str) -> ClusterLosses | None:
        """Return the losses of two estimators, summed within periods; None where these are trained on."""
        if not self.new_periods:
            return None
        return cluster_losses(self._column(estimator), self._column(reference), self.periods)

    def within(self, key: PartKey, estimator: str, reference: str) -> pd.DataFrame:
        """Return gain, mean losses and rows of each fold or period: part, gain, mse, mse_reference, n_obs."""
        if key not in self._parts:
            groups = self.frame.groupby(level=key, sort=True, observed=True)
            self._parts[key] = groups.mean(), groups.size()
        means, n_obs = self._parts[key]
        mse, mse_reference = (means[name].to_numpy() for name in (estimator, reference))
        numbers = {"mse": mse, "mse_reference": mse_reference, "n_obs": n_obs.to_numpy()}
        return pd.DataFrame({"part": means.index, "gain": 1.0 - mse / mse_reference, **numbers})

    def _column(self, estimator: str) -> Floats:
        return self.frame[estimator].to_numpy(dtype=np.float64)


def _side_by_side(sample: SampleRows, loss: Loss) -> pd.DataFrame:
    """Return losses, (n_rows,), with a column for each estimator, sorted by `ROW`.

    Where all estimators predict the same rows in the same order, as those of a run do, the first says the
    order; others are matched, and rows that not all predict have holes.
    """
    numbers = [sample.predictions[name].to_numpy(np.float64) for name in ("observed", "predicted")]
    keys = [sample.predictions[key].cat for key in ROW]
    codes = [key.codes.to_numpy() for key in keys]
    losses: dict[str, Floats] = {}
    rows: dict[str, Ints] = {}
    for name in sample.estimators:
        own = rows[name] = sample.positions(name)
        losses[name] = loss(*(column[own] for column in numbers))
        if np.shape(losses[name]) != (own.size,):
            by = f"metric, {getattr(loss, '__qualname__', loss)}"
            raise PluginError.returned(losses[name], f"a loss for each row, ({own.size},)", by=by)
    first, *others = rows.values() or [np.array([], dtype=np.int64)]
    if all(np.array_equal(code[own], code[first]) for own in others for code in codes):
        order = np.lexsort([code[first] for code in codes[::-1]])
        ordered: list[Any] = [code[first[order]] for code in codes]
        if np.any([code[1:] != code[:-1] for code in ordered], axis=0).all():
            levels = [key.categories.tolist() for key in keys]
            index = pd.MultiIndex(levels=levels, codes=ordered, names=ROW).remove_unused_levels()
            return pd.DataFrame({name: own[order] for name, own in losses.items()}, index=index, copy=False)
    tall = pd.concat(
        taken(sample.predictions, own, ROW).assign(estimator=name, loss=losses[name])
        for name, own in rows.items()
    )
    wide = tall.pivot_table(index=ROW, columns="estimator", values="loss", sort=True, observed=True)
    matched: Any = wide.index
    return wide[list(losses)].set_axis(matched.remove_unused_levels())


def _codes(index: Any, key: str) -> Ints:  # noqa: ANN401 - a MultiIndex, which pandas does not promise
    """Return the codes of a key, (n_rows,), in the order of its sorted labels."""
    at = index.names.index(key)
    labels = [str(label) for label in index.levels[at]]
    order = sorted(range(len(labels)), key=lambda at: (len(labels[at]) * labels[at].isdigit(), labels[at]))
    place = np.argsort(np.array(order, dtype=np.int64))
    return np.asarray(place[index.codes[at]], dtype=np.int64)


def cluster_losses(loss: Floats, loss_reference: Floats, clusters: Ints) -> ClusterLosses:
    """Sum losses, (n_obs,) each, within clusters, (n_obs,) codes >= 0, in the order of the codes."""
    n_rows = np.bincount(clusters)
    there = n_rows > 0
    model, reference = (np.bincount(clusters, weights=each) for each in (loss, loss_reference))
    return ClusterLosses(*(sums[there].astype(np.float64) for sums in (model, reference, n_rows)))
