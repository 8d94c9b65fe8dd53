"""Losses of estimators on the same rows: row by row, summed within entities, and split by split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.evaluation.samples import SampleRows, taken

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
class PeriodLosses:
    """The same losses where no tested period is trained on, so that what is common to a period counts.

    Attributes
    ----------
    periods : summed within periods
    cells : summed within entities and periods together
    """

    periods: ClusterLosses
    cells: ClusterLosses


@dataclass(frozen=True, eq=False)
class SplitGains:
    """Gains of one estimator over another, split by split.

    Attributes
    ----------
    gain : (n_splits,), fractions: of the error that the reference has in the split, so that splits that are
        hard for both weigh no more than others
    test_to_train : test rows over training rows, the mean over splits
    """

    gain: Floats
    test_to_train: float

    @property
    def log_ratio(self) -> Floats:
        """Logarithms of error over the reference's, (n_splits,); minus infinity for a perfect prediction.

        Losses have no bound where gains end at one: three splits of -500, -950 and -1,600 % agree as well on
        a loss as 50, 55 and 63 % do on a gain, which their logarithms show.
        """
        with np.errstate(divide="ignore"):
            return np.log1p(-self.gain)


@dataclass(frozen=True, eq=False)
class _Parts:
    """Mean losses in each fold or period, one column an estimator, and the rows of each."""

    mse: pd.DataFrame
    n_obs: pd.Series[int]


@dataclass(frozen=True, eq=False)
class PairedLosses:
    """Losses, a row of the panel in a fold by an estimator.

    Attributes
    ----------
    frame : losses, index `ROW`, one column an estimator
    entities, periods : (n_rows,), codes in the order of the sorted labels
    new_periods : whether no period of these rows is trained on in their fold
    """

    frame: pd.DataFrame
    entities: Ints
    periods: Ints
    new_periods: bool

    @classmethod
    def of(cls, sample: SampleRows, loss: Loss = squared_error) -> PairedLosses:
        """Pair the predictions of a sample by their losses."""
        frame = _side_by_side(sample, loss)
        entities, periods = (_codes(frame.index, key) for key in ("entity", "time"))
        return cls(frame, entities, periods, sample.new_periods)

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

    def by_period(self, estimator: str, reference: str) -> PeriodLosses | None:
        """Return the losses of two estimators by period; None where tested periods are trained on."""
        if not self.new_periods:
            return None
        pair = self._column(estimator), self._column(reference)
        cells = np.unique(self.entities * (self.periods.max() + 1) + self.periods, return_inverse=True)[1]
        return PeriodLosses(cluster_losses(*pair, self.periods), cluster_losses(*pair, cells))

    def within(self, key: PartKey, estimator: str, reference: str) -> pd.DataFrame:
        """Return gain, mean losses and rows of each fold or period: gain, mse, mse_reference, n_obs."""
        parts = self._by_fold if key == "fold" else self._by_period
        mse, mse_reference = parts.mse[estimator], parts.mse[reference]
        return pd.DataFrame(
            {
                "gain": 1.0 - mse / mse_reference,
                "mse": mse,
                "mse_reference": mse_reference,
                "n_obs": parts.n_obs,
            }
        )

    @cached_property
    def _by_fold(self) -> _Parts:
        return self._by("fold")

    @cached_property
    def _by_period(self) -> _Parts:
        return self._by("time")

    def _by(self, key: PartKey) -> _Parts:
        groups = self.frame.groupby(level=key, sort=True, observed=True)
        return _Parts(groups.mean(), groups.size())

    def differences(self, reference: str) -> tuple[Floats, Floats]:
        """Return loss differences to the reference, (n_estimators, n_entities), and rows by entity."""
        losses = [self.by_entity(name, reference) for name in self.estimators if name != reference]
        return np.stack([pair.loss_reference - pair.loss for pair in losses]), losses[0].n_rows

    def by_split(self, estimator: str, reference: str, *, test_to_train: float) -> SplitGains:
        """Return the gain in each split."""
        return SplitGains(self.within("fold", estimator, reference)["gain"].to_numpy(), test_to_train)

    def _column(self, estimator: str) -> Floats:
        return self.frame[estimator].to_numpy(dtype=np.float64)


def _side_by_side(sample: SampleRows, loss: Loss) -> pd.DataFrame:
    """Return losses, (n_rows,), with a column for each estimator, sorted by `ROW`.

    Where all estimators predict the same rows in the same order, as those of a run do, the first says the
    order; others are matched, and rows that not all predict have holes.
    """
    losses: dict[str, Floats] = {}
    keys: dict[str, pd.DataFrame] = {}
    for name in sample.estimators:
        rows = taken(sample.predictions, sample.positions(name), (*ROW, "observed", "predicted"))
        losses[name] = loss(rows["observed"].to_numpy(np.float64), rows["predicted"].to_numpy(np.float64))
        keys[name] = rows[ROW]
    first, *others = keys.values() or [taken(sample.predictions, np.array([], dtype=np.int64), ROW)]
    codes = [first[key].cat.codes.to_numpy() for key in ROW]
    if all(
        np.array_equal(own[key].cat.codes, code)
        for own in others
        for key, code in zip(ROW, codes, strict=True)
    ):
        order = np.lexsort(codes[::-1])
        ordered: list[Any] = [code[order] for code in codes]
        if np.any([code[1:] != code[:-1] for code in ordered], axis=0).all():
            levels = [first[key].cat.categories.tolist() for key in ROW]
            index = pd.MultiIndex(levels=levels, codes=ordered, names=ROW).remove_unused_levels()
            return pd.DataFrame({name: own[order] for name, own in losses.items()}, index=index, copy=False)
    tall = pd.concat([own.assign(estimator=name, loss=losses[name]) for name, own in keys.items()])
    wide = tall.pivot_table(index=ROW, columns="estimator", values="loss", sort=True, observed=True)
    matched: Any = wide.index
    return wide[list(losses)].set_axis(matched.remove_unused_levels())


def _codes(index: Any, key: str) -> Ints:  # noqa: ANN401 - a MultiIndex, which pandas does not promise
    """Return the codes of a key, (n_rows,), in the order of its sorted labels."""
    at = index.names.index(key)
    place = pd.factorize(index.levels[at], sort=True)[0]
    return np.asarray(place[index.codes[at]], dtype=np.int64)


def cluster_losses(loss: Floats, loss_reference: Floats, clusters: Ints) -> ClusterLosses:
    """Sum losses, (n_obs,) each, within clusters, (n_obs,) codes >= 0, in the order of the codes."""
    n_rows = np.bincount(clusters)
    there = n_rows > 0
    return ClusterLosses(
        loss=np.bincount(clusters, weights=loss)[there].astype(np.float64),
        loss_reference=np.bincount(clusters, weights=loss_reference)[there].astype(np.float64),
        n_rows=n_rows[there].astype(np.float64),
    )
