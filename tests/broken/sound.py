"""Estimators with which nothing is wrong, for faults to be put over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import Panel
from harness.conformance.panels import StandIn, StandInFit
from harness.estimators.absorbing import AbsorbingModels
from harness.plugin import CanFitDraws, Floats


@dataclass(frozen=True)
class Sound:
    """Least squares, by the kit's own estimator; what can go wrong is put over it."""

    name: ClassVar[str] = "sound"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return OnlyPredicts(StandIn().fit(panel, rng=rng))


@dataclass(frozen=True)
class OnlyPredicts:
    """A fit without the short cuts of the kit's own."""

    inner: StandInFit

    def predict(self, panel):
        return self.inner.predict(panel)


@dataclass(frozen=True, eq=False)
class Altered:
    """A fit whose predictions are changed on their way out.

    Attributes
    ----------
    change : of the rows and their predictions
    """

    inner: OnlyPredicts
    change: Callable[[Panel, Floats], Floats]

    def predict(self, panel):
        return self.change(panel, self.inner.predict(panel))


class SoundDraws(Sound):
    """The same, with draws."""

    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws})

    def fit_draws(self, panel, *, weights, selection, rng):
        return DrawsOnly(StandIn().fit_draws(panel, weights=weights, selection=selection, rng=rng))


@dataclass(frozen=True)
class DrawsOnly:
    """Draws without short cuts."""

    inner: AbsorbingModels

    def predict(self, panel):
        return self.inner.predict(panel)


class Random(Sound):
    """Trains on a random half of the entities: nothing is wrong with it."""

    def fit(self, panel, *, rng, selection=None):
        chosen = rng.random(len(panel.entity.labels)) < 0.7
        rows = np.flatnonzero(chosen[panel.entity.codes])
        return super().fit(panel.take(rows) if rows.size > 10 else panel, rng=rng)
