"""Estimators that see what carries no information: order, names, units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from broken.sound import OnlyPredicts, Sound
from harness.conformance.stand_in import StandInDraws, StandInFit


@dataclass(frozen=True)
class DependsOnRowOrder(Sound):
    """Trains on the first four fifths of the rows."""

    def fit(self, panel, *, rng, selection=None):
        return super().fit(panel.take(np.arange(max(1, 4 * panel.n_obs // 5))), rng=rng)


@dataclass(frozen=True)
class DependsOnColumnOrder(Sound):
    """Leaves out the last control."""

    def fit(self, panel, *, rng, selection=None):
        return Without(super().fit(panel.with_column(panel.columns[-1], 0.0), rng=rng))


@dataclass(frozen=True)
class Without:
    """Predicts without the last control."""

    inner: OnlyPredicts

    def predict(self, panel):
        return self.inner.predict(panel.with_column(panel.columns[-1], 0.0))


@dataclass(frozen=True)
class LooksAtTheRowsBeside(Sound):
    """Centres predictions on the rows it is asked for."""

    def fit(self, panel, *, rng, selection=None):
        return Centred(super().fit(panel, rng=rng), float(panel.observed.mean()))


@dataclass(frozen=True)
class Centred:
    """Predictions whose mean is that of the training rows, whatever the rows."""

    inner: OnlyPredicts
    mean: float

    def predict(self, panel):
        predicted = self.inner.predict(panel)
        return predicted - predicted.mean() + self.mean


@dataclass(frozen=True)
class UsesNames(Sound):
    """Takes the position of an entity's name in the alphabet for a number that matters."""

    def fit(self, panel, *, rng, selection=None):
        unit = panel.observed.std()
        moved = replace(panel, observed=panel.observed - unit * _position(panel))
        return ByName(super().fit(moved, rng=rng), unit)


@dataclass(frozen=True)
class ByName:
    """Adds a number for the entity's name."""

    inner: OnlyPredicts
    unit: float

    def predict(self, panel):
        return self.inner.predict(panel) + self.unit * _position(panel)


def _position(panel):
    return np.sin(panel.entity.codes)


@dataclass(frozen=True)
class UsesUnits(Sound):
    """Penalises slopes of columns in whatever unit they are."""

    def fit(self, panel, *, rng, selection=None):
        X, outcome = panel.X - panel.X.mean(axis=0), panel.observed - panel.observed.mean()
        slopes = np.linalg.solve(X.T @ X + 10.0 * np.eye(X.shape[1]), X.T @ outcome)
        intercept = panel.observed.mean() - panel.X.mean(axis=0) @ slopes
        return OnlyPredicts(StandInFit(StandInDraws(slopes[None], np.array([intercept]))))


@dataclass(frozen=True)
class UsesTheOutcomesUnit(Sound):
    """Cuts predictions off at a number."""

    def fit(self, panel, *, rng, selection=None):
        return CutOff(super().fit(panel, rng=rng))


@dataclass(frozen=True)
class CutOff:
    """Predictions of at most 100."""

    inner: OnlyPredicts

    def predict(self, panel):
        return np.minimum(self.inner.predict(panel), 100.0)


@dataclass(frozen=True)
class UsesTheCalendar(Sound):
    """Takes the year for a number that matters."""

    def fit(self, panel, *, rng, selection=None):
        unit = panel.observed.std()
        moved = replace(panel, observed=panel.observed - unit * np.sin(panel.period))
        return ByYear(super().fit(moved, rng=rng), unit)


@dataclass(frozen=True)
class ByYear:
    """Adds a number for the year."""

    inner: OnlyPredicts
    unit: float

    def predict(self, panel):
        return self.inner.predict(panel) + self.unit * np.sin(panel.period)
