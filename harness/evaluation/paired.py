"""Losses of all estimators of a protocol on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.evaluation.gain import EntityLosses, entity_losses
from harness.evaluation.repeated_splits import SplitDifferences

ROW = ["fold", "sample", "entity", "time"]


@dataclass(frozen=True, eq=False)
class PairedLosses:
    """Squared errors, a row of the panel in a fold by an estimator.

    Attributes
    ----------
    frame : squared errors, index `ROW`, one column an estimator
    entities : (n_rows,), codes
    """

    frame: pd.DataFrame
    entities: Ints

    @classmethod
    def of(cls, rows: pd.DataFrame) -> PairedLosses:
        """Pair the predictions of one outcome, protocol and sample."""
        loss = (rows["observed"] - rows["predicted"]) ** 2
        wide = rows[[*ROW, "estimator"]].assign(loss=loss)
        frame = wide.pivot_table(index=ROW, columns="estimator", values="loss", sort=True, observed=True)
        codes, _ = pd.factorize(frame.index.get_level_values("entity"), sort=True)
        return cls(frame[list(dict.fromkeys(rows["estimator"]))], codes.astype(np.int64))

    @property
    def estimators(self) -> tuple[str, ...]:
        """Estimators that have predictions."""
        return tuple(self.frame.columns)

    def by_entity(self, estimator: str, reference: str) -> EntityLosses:
        """Return the losses of two estimators, summed within entities."""
        return entity_losses(self._column(estimator), self._column(reference), self.entities)

    def differences(self, reference: str) -> tuple[Floats, Floats]:
        """Return loss differences to the reference, (n_estimators, n_entities), and rows by entity."""
        losses = [self.by_entity(one, reference) for one in self.estimators if one != reference]
        return np.stack([one.loss_reference - one.loss for one in losses]), losses[0].n_rows

    def by_split(self, estimator: str, reference: str, *, test_to_train: float) -> SplitDifferences:
        """Return the difference of mean squared errors in each split."""
        gap = self.frame[reference] - self.frame[estimator]
        return SplitDifferences(gap.groupby(level="fold").mean().to_numpy(), test_to_train)

    def _column(self, estimator: str) -> Floats:
        return self.frame[estimator].to_numpy(dtype=np.float64)
