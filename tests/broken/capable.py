"""Estimators that declare what they do not have, have what they do not declare, or have it wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from broken.sound import DrawsOnly, OnlyPredicts, Sound, SoundDraws
from harness.conformance.panels import StandIn, StandInFit
from harness.plugin import (
    CanFitDraws,
    CanFitFolds,
    CanFitOutcomes,
    CanLearnNuisances,
    CanLearnWithin,
    CanProfile,
    CanRunQuick,
    ChecksRows,
    CoefficientTable,
    Correction,
    EstimationError,
    HasCoefficients,
    HasDetails,
    HasEffects,
    HasNotes,
    Note,
)


class ClaimsCoefficients(Sound):
    """Declares a coefficient table that is not there."""

    provides: ClassVar[frozenset[type]] = frozenset({HasCoefficients})


class HidesDraws(SoundDraws):
    """Fits draws without declaring it."""

    provides: ClassVar[frozenset[type]] = frozenset()


@dataclass(frozen=True)
class Tells:
    """A fit that tells something beside its predictions."""

    inner: OnlyPredicts

    def predict(self, panel):
        return self.inner.predict(panel)


class OneSidedCovariance(Tells):
    """A covariance that is not symmetric."""

    def coefficients(self):
        covariance = np.array([[1.0, 0.5], [0.0, 1.0]])
        correction = Correction("classical", 10, 2, 0, (), 1.0, 8.0)
        return CoefficientTable(("const", "exposure"), np.ones(2), covariance, correction)


class WrongCoefficients(Sound):
    """Has a covariance that is none."""

    provides: ClassVar[frozenset[type]] = frozenset({HasCoefficients})

    def fit(self, panel, *, rng, selection=None):
        return OneSidedCovariance(super().fit(panel, rng=rng))


@dataclass(frozen=True)
class Chats(Tells):
    """A note without a code."""

    notes: tuple[Note, ...] = (Note("careful", "", "This went well."),)


class NotesWithoutCode(Sound):
    """Tells things under no code."""

    provides: ClassVar[frozenset[type]] = frozenset({HasNotes})

    def fit(self, panel, *, rng, selection=None):
        return Chats(super().fit(panel, rng=rng))


class Ragged(Tells):
    """A table with columns of different lengths."""

    def details(self):
        return {"search": {"size": [1, 2, 3], "error": [0.5]}}


class RaggedDetails(Sound):
    """Has a table that is none."""

    provides: ClassVar[frozenset[type]] = frozenset({HasDetails})

    def fit(self, panel, *, rng, selection=None):
        return Ragged(super().fit(panel, rng=rng))


@dataclass(frozen=True)
class Levels(Tells):
    """Effects of entities, and a count that is always zero."""

    labels: tuple[str, ...] = ()
    effects: np.ndarray = ()

    def predict(self, panel):
        codes = panel.entity.codes_among(self.labels)
        return self.inner.predict(panel) + np.where(codes >= 0, self.effects[codes], 0.0)

    def n_unseen(self, panel):
        return 0


class CountedLevels(Levels):
    """Effects of entities, and a count of those that are new."""

    def n_unseen(self, panel):
        return int(np.count_nonzero(panel.entity.codes_among(self.labels) < 0))


@dataclass(frozen=True)
class LevelsOfDraws:
    """Effects of the entities that each draw holds."""

    draws: tuple[CountedLevels, ...]

    def predict(self, panel):
        return np.stack([draw.predict(panel) for draw in self.draws])

    def n_unseen(self, panel):
        return self.draws[0].n_unseen(panel)


class ForgetsLeftOut(Sound):
    """Has effects of entities, and gives one that a draw left out the mean effect."""

    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, HasEffects})

    def fit(self, panel, *, rng, selection=None):
        return self.fit_draws(panel, weights=np.ones((1, panel.n_obs)), selection=None, rng=rng).draws[0]

    def fit_draws(self, panel, *, weights, selection, rng):
        lines = StandIn().fit_draws(panel, weights=weights, selection=selection, rng=rng)
        residuals = panel.observed - lines.predict(panel)
        draws = []
        for at, own in enumerate(weights):
            totals = np.bincount(panel.entity.codes, weights=own)
            sums = np.bincount(panel.entity.codes, weights=own * residuals[at])
            effects = np.divide(sums, totals, out=np.zeros_like(sums), where=totals > 0.0)
            line = replace(lines, slopes=lines.slopes[[at]], intercepts=lines.intercepts[[at]])
            present = np.unique(panel.entity.codes)
            labels = tuple(panel.entity.labels[code] for code in present.tolist())
            draws.append(CountedLevels(OnlyPredicts(StandInFit(line)), labels, effects[present]))
        return LevelsOfDraws(tuple(draws))


class CountsNothing(Sound):
    """Has effects of entities and counts none that are new."""

    provides: ClassVar[frozenset[type]] = frozenset({HasEffects})

    def fit(self, panel, *, rng, selection=None):
        fit = super().fit(panel, rng=rng)
        residuals = panel.observed - fit.predict(panel)
        present, codes = np.unique(panel.entity.codes, return_inverse=True)
        means = np.bincount(codes, weights=residuals) / np.bincount(codes)
        return Levels(fit, tuple(panel.entity.labels[at] for at in present.tolist()), means)


class WrongProfile(Sound):
    """Has a short cut that leads elsewhere."""

    provides: ClassVar[frozenset[type]] = frozenset({CanProfile})

    def fit(self, panel, *, rng, selection=None):
        return ShiftedProfile(super().fit(panel, rng=rng))


class ShiftedProfile(Tells):
    """Profiles that answer for a point beside the one asked for."""

    def profile(self, panel, columns, points):
        line = self.inner.inner
        return line.profile(panel, columns, points + 0.1)


@dataclass(frozen=True)
class QuickInPlace(Sound):
    """Becomes quick itself."""

    provides: ClassVar[frozenset[type]] = frozenset({CanRunQuick})

    restarts: int = 5

    def quick(self):
        object.__setattr__(self, "restarts", 1)
        return self


class FirstOutcomeOnly(Sound):
    """Takes the first of several outcomes for all."""

    provides: ClassVar[frozenset[type]] = frozenset({CanFitOutcomes})

    def fit_outcomes(self, panel, outcomes, *, rngs):
        weights = np.ones((len(outcomes), panel.n_obs))
        first = replace(panel, observed=outcomes[0])
        return DrawsOnly(StandIn().fit_draws(first, weights=weights, selection=None, rng=rngs[0]))


class AnotherForNuisances(Sound):
    """Lets another estimator learn in its place."""

    provides: ClassVar[frozenset[type]] = frozenset({CanLearnNuisances})

    def for_nuisances(self):
        return Sound()


class WithinNothing(Sound):
    """Has no effects of entities that it promises."""

    provides: ClassVar[frozenset[type]] = frozenset({CanLearnWithin})

    def within_entities(self):
        return WithinNothing()


@dataclass(frozen=True)
class WorseInFolds(Sound):
    """Shrinks predictions by half in folds."""

    provides: ClassVar[frozenset[type]] = frozenset({CanFitFolds})

    share: float = 1.0

    def for_folds(self):
        return replace(self, share=0.5)

    def fit(self, panel, *, rng, selection=None):
        mean = panel.observed.mean()
        return super().fit(replace(panel, observed=mean + self.share * (panel.observed - mean)), rng=rng)


class ChecksTooMuch(Sound):
    """Refuses rows, if asked, that it fits."""

    provides: ClassVar[frozenset[type]] = frozenset({ChecksRows})

    def check_rows(self, panel, *, rng, selection=None):
        raise EstimationError.at("rows", "are never enough")
