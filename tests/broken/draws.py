"""Estimators whose draws are not what they should be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from broken.sound import DrawsOnly, OnlyPredicts, Sound, SoundDraws
from harness.conformance.panels import StandIn, StandInFit
from harness.plugin import HasDraws


@dataclass(frozen=True)
class IgnoresWeights(SoundDraws):
    """Gives every draw the fit on all rows."""

    def fit_draws(self, panel, *, weights, selection, rng):
        return super().fit_draws(panel, weights=np.ones_like(weights), selection=selection, rng=rng)


@dataclass(frozen=True)
class WeightsAreAMask(SoundDraws):
    """Trains on rows of positive weight once each."""

    def fit_draws(self, panel, *, weights, selection, rng):
        once = np.sign(weights)
        return super().fit_draws(panel, weights=once, selection=selection, rng=rng)


@dataclass(frozen=True)
class DrawsOfAnotherModel(SoundDraws):
    """Draws shrink; the fit does not."""

    def fit_draws(self, panel, *, weights, selection, rng):
        draws = StandIn().fit_draws(panel, weights=weights, selection=selection, rng=rng)
        return DrawsOnly(replace(draws, intercepts=draws.intercepts + 1.0))


@dataclass(frozen=True)
class OneDrawTooMany(SoundDraws):
    """Adds the fit on all rows to the draws."""

    def fit_draws(self, panel, *, weights, selection, rng):
        more = np.vstack([weights, np.ones(panel.n_obs)])
        return super().fit_draws(panel, weights=more, selection=selection, rng=rng)


@dataclass(frozen=True)
class CarriesOneDraw(Sound):
    """A bootstrap ensemble of one."""

    provides: ClassVar[frozenset[type]] = frozenset({HasDraws})

    def fit(self, panel, *, rng, selection=None):
        line = StandIn().fit(panel, rng=rng).line
        return Ensemble(OnlyPredicts(StandInFit(line)), DrawsOnly(line))


@dataclass(frozen=True)
class Ensemble:
    """A fit with draws."""

    inner: OnlyPredicts
    draws: DrawsOnly

    def predict(self, panel):
        return self.inner.predict(panel)
