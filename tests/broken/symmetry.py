"""Estimators that see what carries no information: order, names, units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from broken.sound import Altered, OnlyPredicts, Sound
from harness.conformance.panels import StandInFit
from harness.estimators.absorbing import AbsorbingModels


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
        mean = float(panel.observed.mean())
        return Altered(super().fit(panel, rng=rng), lambda _, found: found - found.mean() + mean)


@dataclass(frozen=True)
class UsesNames(Sound):
    """Takes the position of an entity's name in the alphabet for a number that matters."""

    def fit(self, panel, *, rng, selection=None):
        unit = panel.observed.std()
        moved = replace(panel, observed=panel.observed - unit * _position(panel))
        return Altered(super().fit(moved, rng=rng), lambda rows, found: found + unit * _position(rows))


def _position(panel):
    return np.sin(panel.entity.codes)


@dataclass(frozen=True)
class UsesUnits(Sound):
    """Penalises slopes of columns in whatever unit they are."""

    def fit(self, panel, *, rng, selection=None):
        X, outcome = panel.X - panel.X.mean(axis=0), panel.observed - panel.observed.mean()
        slopes = np.linalg.solve(X.T @ X + 10.0 * np.eye(X.shape[1]), X.T @ outcome)
        intercept = panel.observed.mean() - panel.X.mean(axis=0) @ slopes
        return OnlyPredicts(
            StandInFit(AbsorbingModels(np.zeros(slopes.size), slopes[None], np.array([intercept])))
        )


@dataclass(frozen=True)
class UsesTheOutcomesUnit(Sound):
    """Cuts predictions off at a number."""

    def fit(self, panel, *, rng, selection=None):
        return Altered(super().fit(panel, rng=rng), lambda _, found: np.minimum(found, 100.0))


@dataclass(frozen=True)
class UsesTheCalendar(Sound):
    """Takes the year for a number that matters."""

    def fit(self, panel, *, rng, selection=None):
        unit = panel.observed.std()
        moved = replace(panel, observed=panel.observed - unit * np.sin(panel.period))
        return Altered(super().fit(moved, rng=rng), lambda rows, found: found + unit * np.sin(rows.period))
