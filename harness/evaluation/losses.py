"""Losses of estimators on the same rows: row by row, summed within entities, and split by split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints

ROW = ["fold", "sample", "entity", "time"]

Loss = Callable[[Floats, Floats], Floats]
"""Observed and predicted values, (n_obs,) each, to the loss of each row, (n_obs,), >= 0."""


def squared_error(observed: Floats, predicted: Floats) -> Floats:
    """Return squared errors, (n_obs,), squared outcome units."""
    return np.asarray((observed - predicted) ** 2)


@dataclass(frozen=True, eq=False)
class EntityLosses:
    """Losses of two estimators on the same rows, summed within entities.

    Attributes
    ----------
    loss, loss_reference : (n_entities,), sums over the rows of each
    n_rows : (n_entities,), rows summed, >= 1
    """

    loss: Floats
    loss_reference: Floats
    n_rows: Floats


@dataclass(frozen=True, eq=False)
class SplitDifferences:
    """Differences of two mean squared errors, split by split.

    Attributes
    ----------
    difference : (n_splits,), squared outcome units; positive where the reference is worse
    test_to_train : test rows over training rows, the mean over splits
    """

    difference: Floats
    test_to_train: float


@dataclass(frozen=True, eq=False)
class PairedLosses:
    """Losses, a row of the panel in a fold by an estimator.

    Attributes
    ----------
    frame : losses, index `ROW`, one column an estimator
    entities : (n_rows,), codes
    """

    frame: pd.DataFrame
    entities: Ints

    @classmethod
    def of(cls, rows: pd.DataFrame, loss: Loss = squared_error) -> PairedLosses:
        """Pair the predictions of one outcome, protocol and sample by their losses."""
        own = loss(rows["observed"].to_numpy(np.float64), rows["predicted"].to_numpy(np.float64))
        wide = rows[[*ROW, "estimator"]].assign(loss=own)
        frame = wide.pivot_table(index=ROW, columns="estimator", values="loss", sort=True, observed=True)
        codes, _ = pd.factorize(frame.index.get_level_values("entity"), sort=True)
        return cls(frame[list(dict.fromkeys(rows["estimator"]))], codes.astype(np.int64))

    @property
    def estimators(self) -> tuple[str, ...]:
        """Estimators that have predictions."""
        return tuple(self.frame.columns)

    def mean(self, estimator: str) -> float:
        """Return the mean loss of one estimator."""
        return float(self._column(estimator).mean())

    def by_entity(self, estimator: str, reference: str) -> EntityLosses:
        """Return the losses of two estimators, summed within entities."""
        return entity_losses(self._column(estimator), self._column(reference), self.entities)

    def differences(self, reference: str) -> tuple[Floats, Floats]:
        """Return loss differences to the reference, (n_estimators, n_entities), and rows by entity."""
        losses = [self.by_entity(name, reference) for name in self.estimators if name != reference]
        return np.stack([pair.loss_reference - pair.loss for pair in losses]), losses[0].n_rows

    def by_split(self, estimator: str, reference: str, *, test_to_train: float) -> SplitDifferences:
        """Return the difference of mean squared errors in each split."""
        gap = self.frame[reference] - self.frame[estimator]
        return SplitDifferences(gap.groupby(level="fold").mean().to_numpy(), test_to_train)

    def _column(self, estimator: str) -> Floats:
        return self.frame[estimator].to_numpy(dtype=np.float64)


def entity_losses(loss: Floats, loss_reference: Floats, entities: Ints) -> EntityLosses:
    """Sum squared errors, (n_obs,) each, within the entities, (n_obs,) codes."""
    _, position = np.unique(entities, return_inverse=True)
    return EntityLosses(
        loss=np.bincount(position, weights=loss).astype(np.float64),
        loss_reference=np.bincount(position, weights=loss_reference).astype(np.float64),
        n_rows=np.bincount(position).astype(np.float64),
    )
