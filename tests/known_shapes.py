"""A learner that knows which functions the confounder of `effect_panels` is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.plugin import Floats


@dataclass(frozen=True, eq=False)
class KnownShapesFit:
    """Least squares on the functions that the confounder is made of."""

    slopes: Floats

    def predict(self, panel):
        return shapes(panel) @ self.slopes


@dataclass(frozen=True)
class KnownShapes:
    """A learner that need not learn which functions there are."""

    name: ClassVar[str] = "known_shapes"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return KnownShapesFit(np.linalg.lstsq(shapes(panel), panel.observed, rcond=None)[0])


def shapes(panel):
    numbers = [name for name in panel.columns if not name.startswith("period ")]
    squares = [np.square(panel.column(name)) for name in numbers]
    sines = [np.sin(1.2 * panel.column(name)) for name in numbers if name.startswith("x2")]
    return np.column_stack([np.ones(panel.n_obs), panel.X, *squares, *sines])
