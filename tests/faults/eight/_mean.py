"""What the hostile plugins beside this file have in common: they do their worst and predict the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import Panel


@dataclass(frozen=True)
class MeanFit:
    mean: float

    def predict(self, panel: Panel):
        return np.full(panel.n_obs, self.mean)


@dataclass(frozen=True)
class Hostile:
    """Predicts the mean outcome."""

    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel: Panel, *, rng, selection: Panel | None = None):
        self.worst(panel)
        return MeanFit(float(panel.observed.sum() / panel.n_obs))
