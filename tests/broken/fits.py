"""Estimators that answer wrongly, see what carries no information, or mistreat what they are given."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np

from broken.sound import Altered, OnlyPredicts, Sound, SoundDraws
from harness import EstimationError, Problem
from harness.conformance.panels import StandInFit
from harness.estimators.absorbing import AbsorbingModels


class WrongShape(Sound):
    """Predicts a column."""

    def fit(self, panel, *, rng, selection=None):
        return Altered(super().fit(panel, rng=rng), lambda _, predicted: predicted[:, None])


class RefusesWithoutWords(Sound):
    """Refuses collinear controls without a reason."""

    def fit(self, panel, *, rng, selection=None):
        one, other = panel.X[:, -2:].T
        if panel.n_obs > 10 and np.ptp(other) > 0.0 and abs(np.corrcoef(one, other)[0, 1]) > 1.0 - 1e-9:
            raise EstimationError(Problem("", ""))
        return super().fit(panel, rng=rng)


class BreaksOnNewEntities(Sound):
    """Looks every entity up among those it knows."""

    def fit(self, panel, *, rng, selection=None):
        known = frozenset(panel.entity.labels)

        def looked_up(rows, predicted):
            if unknown := set(rows.entity.labels) - known:
                raise KeyError(min(unknown))
            return predicted

        return Altered(super().fit(panel, rng=rng), looked_up)


class FindsTooLittle(Sound):
    """Shrinks predictions towards the mean."""

    def fit(self, panel, *, rng, selection=None):
        mean = float(panel.observed.mean())
        return super().fit(replace(panel, observed=mean + 0.3 * (panel.observed - mean)), rng=rng)


class FindsWhatIsNotThere(Sound):
    """Adds to every outcome a share of the exposure."""

    def fit(self, panel, *, rng, selection=None):
        exposure = panel.column(panel.exposure) - panel.column(panel.exposure).mean()
        unit = panel.observed.std() / (exposure.std() or 1.0)
        return super().fit(replace(panel, observed=panel.observed + 0.35 * unit * exposure), rng=rng)


class Finicky(Sound):
    """Wants a thousand rows."""

    def fit(self, panel, *, rng, selection=None):
        raise EstimationError(Problem("rows", f"{panel.n_obs} rows are too few", "at least 1000 rows"))


class WalksOut(Sound):
    """Ends the process where it should fit."""

    def fit(self, panel, *, rng, selection=None):
        raise SystemExit(0)


# What an estimator cannot work with.
POOR = {
    "one_row": lambda panel: panel.n_obs == 1,
    "few_rows": lambda panel: panel.n_obs == 3,
    "one_entity": lambda panel: panel.n_obs > 3 and panel.n_entities == 1,
    "one_period": lambda panel: panel.n_obs > 3 and panel.n_periods == 1,
    "constant_outcome": lambda panel: panel.n_obs > 1 and np.ptp(panel.observed) == 0.0,
    "constant_exposure": lambda panel: panel.n_obs > 3 and np.ptp(panel.column(panel.exposure)) == 0.0,
}


@dataclass(frozen=True)
class BreaksOn(Sound):
    """Fails with an error of its own, and not a refusal, on one kind of poor panel."""

    poor: str = "one_row"

    def fit(self, panel, *, rng, selection=None):
        if POOR[self.poor](panel):
            raise np.linalg.LinAlgError("Singular matrix")
        return super().fit(panel, rng=rng)


class DependsOnRowOrder(Sound):
    """Trains on the first four fifths of the rows."""

    def fit(self, panel, *, rng, selection=None):
        return super().fit(panel.take(np.arange(max(1, 4 * panel.n_obs // 5))), rng=rng)


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


class LooksAtTheRowsBeside(Sound):
    """Centres predictions on the rows it is asked for."""

    def fit(self, panel, *, rng, selection=None):
        mean = float(panel.observed.mean())
        return Altered(super().fit(panel, rng=rng), lambda _, found: found - found.mean() + mean)


class UsesNames(Sound):
    """Takes the position of an entity's name in the alphabet for a number that matters."""

    def fit(self, panel, *, rng, selection=None):
        unit = panel.observed.std()
        moved = replace(panel, observed=panel.observed - unit * _position(panel))
        return Altered(super().fit(moved, rng=rng), lambda rows, found: found + unit * _position(rows))


def _position(panel):
    return np.sin(panel.entity.codes)


class UsesUnits(Sound):
    """Penalises slopes of columns in whatever unit they are."""

    def fit(self, panel, *, rng, selection=None):
        X, outcome = panel.X - panel.X.mean(axis=0), panel.observed - panel.observed.mean()
        slopes = np.linalg.solve(X.T @ X + 10.0 * np.eye(X.shape[1]), X.T @ outcome)
        intercept = panel.observed.mean() - panel.X.mean(axis=0) @ slopes
        return OnlyPredicts(
            StandInFit(AbsorbingModels(np.zeros(slopes.size), slopes[None], np.array([intercept])))
        )


class UsesTheOutcomesUnit(Sound):
    """Cuts predictions off at a number."""

    def fit(self, panel, *, rng, selection=None):
        return Altered(super().fit(panel, rng=rng), lambda _, found: np.minimum(found, 100.0))


class UsesTheCalendar(Sound):
    """Takes the year for a number that matters."""

    def fit(self, panel, *, rng, selection=None):
        unit = panel.observed.std()
        moved = replace(panel, observed=panel.observed - unit * np.sin(panel.period))
        return Altered(super().fit(moved, rng=rng), lambda rows, found: found + unit * np.sin(rows.period))


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


class ChangesWeights(SoundDraws):
    """Normalises the weights it was given, in place."""

    def fit_draws(self, panel, *, weights, selection, rng):
        weights /= weights.sum(axis=1, keepdims=True)
        return super().fit_draws(panel, weights=weights, selection=selection, rng=rng)


class UsesGlobalGenerator(Sound):
    """Draws from numpy's own generator."""

    def fit(self, panel, *, rng, selection=None):
        noise = np.random.normal(size=panel.n_obs)  # noqa: NPY002 - the fault in question
        return super().fit(replace(panel, observed=panel.observed + 0.1 * noise), rng=rng)


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


class DependsOnTheProcess(Sound):
    """Behaves better where it is tested."""

    def fit(self, panel, *, rng, selection=None):
        mean = panel.observed.mean()
        share = 1.0 if "pytest" in sys.modules else 0.9
        return super().fit(replace(panel, observed=mean + share * (panel.observed - mean)), rng=rng)
