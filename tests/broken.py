"""Estimators that each break one rule of the seam, by the one check that is to find it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from harness import Panel, Problem
from harness.conformance.panels import StandIn, StandInFit
from harness.estimators.absorbing import AbsorbingModels
from harness.evaluation.resample import draw_weights
from harness.plugin import (
    CanFitDraws,
    CanFitFolds,
    CanFitOutcomes,
    CanLearnNuisances,
    CanLearnWithin,
    CanPrepareDraws,
    CanProfile,
    CanRunQuick,
    ChecksRows,
    CoefficientTable,
    Correction,
    EstimationError,
    FitsByDraws,
    Floats,
    HasCoefficients,
    HasDetails,
    HasDraws,
    HasEffects,
    HasIntervals,
    HasNotes,
    Note,
    stream_at,
)


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
        return LessMeans(super().fit(panel, rng=rng), means)


@dataclass(frozen=True)
class LessMeans:
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


@dataclass(frozen=True)
class Narrow(Tells):
    """Intervals that are the narrower, the more they should hold."""

    def intervals(self, panel, level):
        return self.predict(panel) + (1.0 - level) * np.array([[-1.0], [1.0]])


class NarrowsWithTheLevel(Sound):
    """Takes a level for the chance of a miss."""

    provides: ClassVar[frozenset[type]] = frozenset({HasIntervals})

    def fit(self, panel, *, rng, selection=None):
        return Narrow(super().fit(panel, rng=rng))


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


FAULTS = {
    "options_frozen": [OptionsInAList],
    "fits": [Finicky, WalksOut],
    "predictions": [WrongShape],
    "randomness": [UsesGlobalGenerator, SeedsGlobalGenerator],
    "options_untouched": [ChangesOptions],
    "inputs_unchanged": [MutatesInput, ChangesWeights],
    "row_by_row": [LooksAtTheRowsBeside],
    "row_order": [DependsOnRowOrder],
    "column_order": [DependsOnColumnOrder],
    "renamed": [UsesTheCalendar],
    "reordered": [UsesNames],
    "outcome_units": [UsesTheOutcomesUnit],
    "column_units": [UsesUnits],
    "new_levels": [BreaksOnNewEntities],
    "other_process": [DependsOnTheProcess],
    "capabilities": [ClaimsCoefficients, HidesDraws],
    "draws": [OneDrawTooMany],
    "unit_weights": [DrawsOfAnotherModel],
    "zero_weights": [IgnoresWeights],
    "heavy_rows": [WeightsAreAMask],
    "profile": [WrongProfile],
    "quick": [QuickInPlace],
    "check_rows": [ChecksTooMuch],
    "folds": [WorseInFolds],
    "outcomes": [FirstOutcomeOnly],
    "nuisances": [AnotherForNuisances],
    "within_entities": [WithinNothing],
    "coefficients": [WrongCoefficients],
    "own_draws": [CarriesOneDraw],
    "prepared_draws": [DrawsFromOneStream],
    "fit_by_draws": [BlocksOfAnotherFit],
    "notes": [NotesWithoutCode],
    "details": [RaggedDetails],
    "intervals": [NarrowsWithTheLevel],
    "unseen": [CountsNothing],
    "left_out_levels": [ForgetsLeftOut],
    "collinear_controls": [RefusesWithoutWords],
    **{poor: [partial(BreaksOn, poor)] for poor in POOR},
    "effect": [FindsTooLittle],
    "bands": [FindsWhatIsNotThere],
}
