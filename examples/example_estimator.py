"""An estimator: the median of the training outcomes, for every row.

estimators: [median]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness.plugin import Estimator, Floats, HasIntervals, LadderEntry, Panel, hookimpl


@dataclass(frozen=True)
class MedianFit:
    """The outcomes that were found, (n_train,), outcome units."""

    outcomes: Floats

    def predict(self, panel: Panel) -> Floats:
        """Return the median for every row, (n_obs,)."""
        return np.full(panel.n_obs, np.median(self.outcomes))

    def intervals(self, panel: Panel, level: float) -> Floats:
        """Return quantiles that hold a share `level` of the outcomes, for every row, (2, n_obs)."""
        tail = (1.0 - level) / 2.0
        return np.tile(np.quantile(self.outcomes, [[tail], [1.0 - tail]]), panel.n_obs)


@dataclass(frozen=True)
class Median:
    """The median of the training outcomes; a ladder entry next to the mean."""

    name: ClassVar[str] = "median"
    provides: ClassVar[frozenset[type]] = frozenset({HasIntervals})
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(1, "Median"),)

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> MedianFit:
        """Fit on all rows; nothing is drawn and nothing selected."""
        return MedianFit(panel.observed)


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Return the estimators of this plugin."""
    return [Median]
