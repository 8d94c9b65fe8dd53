"""Estimators that mistreat what they are given."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np

from broken.sound import OnlyPredicts, Sound, SoundDraws


@dataclass(frozen=True)
class MutatesInput(Sound):
    """Centres the columns of the panel it was given."""

    def fit(self, panel, *, rng, selection=None):
        means = panel.X.mean(axis=0)
        object.__setattr__(panel, "X", panel.X - means)
        return Shifted(super().fit(panel, rng=rng), means)


@dataclass(frozen=True)
class Shifted:
    """Predicts rows less the means of the training rows."""

    inner: OnlyPredicts
    means: np.ndarray

    def predict(self, panel):
        return self.inner.predict(replace(panel, X=panel.X - self.means))


@dataclass(frozen=True)
class ChangesWeights(SoundDraws):
    """Normalises the weights it was given, in place."""

    def fit_draws(self, panel, *, weights, selection, rng):
        weights /= weights.sum(axis=1, keepdims=True)
        return super().fit_draws(panel, weights=weights, selection=selection, rng=rng)


@dataclass(frozen=True)
class UsesGlobalGenerator(Sound):
    """Draws from numpy's own generator."""

    def fit(self, panel, *, rng, selection=None):
        noise = np.random.normal(size=panel.n_obs)  # noqa: NPY002 - the fault in question
        return super().fit(replace(panel, observed=panel.observed + 0.1 * noise), rng=rng)


@dataclass(frozen=True)
class SeedsGlobalGenerator(Sound):
    """Seeds numpy's own generator, so that its numbers are the same each time."""

    def fit(self, panel, *, rng, selection=None):
        np.random.seed(0)  # noqa: NPY002 - the fault in question
        return super().fit(panel, rng=rng)


@dataclass(frozen=True)
class ChangesOptions(Sound):
    """Keeps what it learned in its options."""

    n_obs: int = 0

    def fit(self, panel, *, rng, selection=None):
        object.__setattr__(self, "n_obs", panel.n_obs)
        return super().fit(panel, rng=rng)


@dataclass(frozen=True)
class OptionsInAList(Sound):
    """Has an option that can change."""

    powers: list[int] = (1, 2)

    def __post_init__(self):
        object.__setattr__(self, "powers", list(self.powers))


@dataclass(frozen=True)
class DependsOnTheProcess(Sound):
    """Behaves better where it is tested."""

    def fit(self, panel, *, rng, selection=None):
        mean = panel.observed.mean()
        share = 1.0 if "pytest" in sys.modules else 0.9
        return super().fit(replace(panel, observed=mean + share * (panel.observed - mean)), rng=rng)
