"""The estimator ``last_value``: each entity's latest earlier value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness.plugin import Floats, HasEffects, Ints, Panel, Rung


@dataclass(frozen=True, eq=False)
class LastValueFit:
    """Remembers what was observed of each entity, period by period.

    Attributes
    ----------
    labels : (n_entities,), entities trained on
    codes, period, observed : (n_train,), training rows, sorted by entity and period
    mean : where an entity has no earlier value: the mean of the training rows
    """

    labels: tuple[str, ...]
    codes: Ints
    period: Ints
    observed: Floats
    mean: float

    def predict(self, panel: Panel) -> Floats:
        """Return the entity's value in the latest period trained on before the row's own, (n_obs,)."""
        at, has_earlier = self._earlier(panel)
        return np.where(has_earlier, self.observed[at], self.mean)

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows without an earlier value of their entity."""
        return int((~self._earlier(panel)[1]).sum())

    def _earlier(self, panel: Panel) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
        codes = panel.entity.codes_among(self.labels)
        lowest = min(int(self.period.min()), int(panel.period.min()))
        span = max(int(self.period.max()), int(panel.period.max())) - lowest + 1
        known = self.codes * span + self.period - lowest
        at = np.searchsorted(known, codes * span + panel.period - lowest, side="left") - 1
        return at, (at >= 0) & (codes >= 0) & (self.codes[at] == codes)


@dataclass(frozen=True)
class LastValue:
    """The entity's value in the latest earlier period: what persistence alone is worth.

    A row's own value is never used, so a training row is predicted by its predecessor.
    """

    name: ClassVar[str] = "last_value"
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(20, "Last value"),)
    provides: ClassVar[frozenset[type]] = frozenset({HasEffects})

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> LastValueFit:
        """Fit on a panel; nothing is drawn and nothing selected."""
        order = np.lexsort((panel.period, panel.entity.codes))
        return LastValueFit(
            labels=panel.entity.labels,
            codes=panel.entity.codes[order],
            period=panel.period[order],
            observed=panel.observed[order],
            mean=float(panel.observed.mean()),
        )
