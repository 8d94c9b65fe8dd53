"""An estimator: the median of the training outcomes, for every row.

estimators: [median]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness.plugin import Estimator, Floats, LadderEntry, Panel, hookimpl


@dataclass(frozen=True)
class MedianFit:
    """The median that was found, outcome units."""

    median: float

    def predict(self, panel: Panel) -> Floats:
        """Return the median for every row, (n_obs,)."""
        return np.full(panel.n_obs, self.median)


@dataclass(frozen=True)
class Median:
    """The median of the training outcomes; a ladder entry next to the mean."""

    name: ClassVar[str] = "median"
    provides: ClassVar[frozenset[type]] = frozenset()
    ladder: ClassVar[tuple[LadderEntry, ...]] = (LadderEntry(1, "Median"),)

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> MedianFit:
        """Fit on all rows; nothing is drawn and nothing selected."""
        return MedianFit(float(np.median(panel.observed)))


@hookimpl
def harness_estimators() -> list[type[Estimator]]:
    """Return the estimators of this plugin."""
    return [Median]
