"""Estimators whose draws are not what they should be, or depend on which others are made with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from broken.sound import DrawsOnly, OnlyPredicts, Sound, SoundDraws
from harness import Panel
from harness.conformance.panels import StandIn, StandInFit
from harness.evaluation.resample import draw_weights
from harness.plugin import CanFitDraws, CanPrepareDraws, FitsByDraws, Floats, HasDraws, stream_at


class IgnoresWeights(SoundDraws):
    """Gives every draw the fit on all rows."""

    def fit_draws(self, panel, *, weights, selection, rng):
        return super().fit_draws(panel, weights=np.ones_like(weights), selection=selection, rng=rng)


class WeightsAreAMask(SoundDraws):
    """Trains on rows of positive weight once each."""

    def fit_draws(self, panel, *, weights, selection, rng):
        once = np.sign(weights)
        return super().fit_draws(panel, weights=once, selection=selection, rng=rng)


class DrawsOfAnotherModel(SoundDraws):
    """Draws shrink; the fit does not."""

    def fit_draws(self, panel, *, weights, selection, rng):
        draws = StandIn().fit_draws(panel, weights=weights, selection=selection, rng=rng)
        return DrawsOnly(replace(draws, intercepts=draws.intercepts + 1.0))


class OneDrawTooMany(SoundDraws):
    """Adds the fit on all rows to the draws."""

    def fit_draws(self, panel, *, weights, selection, rng):
        more = np.vstack([weights, np.ones(panel.n_obs)])
        return super().fit_draws(panel, weights=more, selection=selection, rng=rng)


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


class DrawsFromOneStream(SoundDraws):
    """Each draw has an intercept that is drawn from the stream of the first."""

    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, CanPrepareDraws})

    def prepare_draws(self, panel, *, selection, rng):
        return OneStream(panel)


@dataclass(frozen=True, eq=False)
class OneStream:
    panel: Panel

    def fit(self, weights, *, selection, rngs):
        lines = StandIn().fit_draws(self.panel, weights=weights, selection=selection, rng=rngs[0])
        return Shifted(DrawsOnly(lines), rngs[0].normal(size=len(weights)))


@dataclass(frozen=True, eq=False)
class Shifted:
    inner: DrawsOnly
    by: Floats

    def predict(self, panel):
        return self.inner.predict(panel) + self.by[:, None]


@dataclass(frozen=True)
class BlocksOfAnotherFit(Sound):
    """Draws of a block count from the block's own start."""

    provides: ClassVar[frozenset[type]] = frozenset({FitsByDraws, HasDraws})
    draws: int = 6

    def prepare(self, panel, *, rng, selection=None):
        return FromItsStart(panel, rng)

    def fit(self, panel, *, rng, selection=None):
        return Mean(self.prepare(panel, rng=rng).draw(range(self.draws)))


@dataclass(frozen=True, eq=False)
class FromItsStart:
    panel: Panel
    rng: np.random.Generator

    def draw(self, draws):
        own = [stream_at(self.rng, at) for at in range(len(draws))]
        weights = np.concatenate([draw_weights(self.panel, 1, unit="entity", rng=rng) for rng in own])
        return DrawsOnly(StandIn().fit_draws(self.panel, weights=weights, selection=None, rng=self.rng))


@dataclass(frozen=True, eq=False)
class Mean:
    draws: DrawsOnly

    def predict(self, panel):
        return self.draws.predict(panel).mean(axis=0)
