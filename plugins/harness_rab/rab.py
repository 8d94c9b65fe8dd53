"""The estimator ``rab``: bootstrap resamples, one fit on each, and the mean of these."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal, Self, TypeGuard

import numpy as np
from numpy.random import Generator
from pydantic import Field
from pydantic_core import PydanticCustomError

from harness import plugin
from harness.plugin import CanProfile, Estimator, FittedDraws, Floats, LadderEntry, Note, Panel, marked

# Predictions of all draws that are held in memory at a time: 64 MiB.
MOST_NUMBERS = 2**23
# Mean predictions of draws that are remembered; a surface is asked for together with two curves.
MOST_REMEMBERED = 3


@dataclass(frozen=True, eq=False)
class RememberingDraws:
    """Draws that remember the last mean predictions asked of them: a curve's mean is followed by its band.

    Attributes
    ----------
    fits, profiles : the draws
    """

    fits: FittedDraws
    profiles: CanProfile
    _asked: deque[tuple[Panel, tuple[str, ...], Floats, Floats]] = field(
        default_factory=lambda: deque(maxlen=MOST_REMEMBERED), init=False, repr=False
    )

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.fits.predict(panel)

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `CanProfile` has it."""
        for known, of_columns, at, means in self._asked:
            if known is panel and of_columns == columns and np.array_equal(at, points):
                return means.copy()
        means = self.profiles.profile(panel, columns, points)
        self._asked.append((panel, columns, points.copy(), means))
        return means.copy()


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble(plugin.LearnedFit):
    """A fit that predicts the mean of its draws.

    Attributes
    ----------
    fits : one fit a bootstrap resample
    draws : the same for scenarios; percentiles over them are the band of the study
    n_draws : how many there are
    notes : warnings for the report
    """

    fits: FittedDraws
    draws: FittedDraws
    n_draws: int
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return the mean prediction over draws, (n_obs,), outcome units; computed some rows at a time."""
        most_rows = max(1, MOST_NUMBERS // self.n_draws)
        chunks = np.split(np.arange(panel.n_obs), range(most_rows, panel.n_obs, most_rows))
        means = [self.fits.predict(panel.take(rows)).mean(axis=0) for rows in chunks if rows.size]
        return np.concatenate(means) if means else np.zeros(0)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the tables of the draws, such as the search of a network's size; none if they have none."""
        return self.fits.details() if isinstance(self.fits, plugin.HasDetails) else {}

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows that draws predict with a mean effect; zero for draws without effects."""
        return self.fits.n_unseen(panel) if isinstance(self.fits, plugin.HasEffects) else 0


@dataclass(frozen=True, eq=False)
class ProfiledEnsemble(Ensemble):
    """A fit that predicts the mean of draws which have a short cut to mean predictions."""

    draws: RememberingDraws

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over draws of mean predictions, (n_points,), as `CanProfile` has it."""
        return np.asarray(self.draws.profile(panel, columns, points).mean(axis=0))


def mean_of(draws: FittedDraws, *, n_draws: int, notes: tuple[Note, ...]) -> Ensemble:
    """Return the ensemble of draws, with a short cut to mean predictions where they have one."""
    if isinstance(draws, CanProfile):
        return ProfiledEnsemble(draws, RememberingDraws(draws, draws), n_draws, notes)
    return Ensemble(draws, draws, n_draws, notes)


QUICK_DRAWS = 40
QUICK_FOLD_DRAWS = 10
RECONSTRUCTION = marked(
    "the original RAB paper is not public; this implements its published description: bootstrap "
    "resamples, a fit on each, the mean prediction as the curve and percentiles as its band. The "
    "study does not state the resampling unit, the number of draws, or whether a map precedes each "
    "network. Its full name, recursive partitioning based on approximate Bayesian computation, "
    "does not describe this procedure"
)
ROW_WARNING = marked(
    "single rows were resampled: on panels with dependence within entities, nominal 95 % bands "
    "covered 83 %, against 93 % when entities were resampled"
)


@plugin.checks_options
@dataclass(frozen=True)
class Rab:
    """A bootstrap ensemble around any estimator that can fit draws.

    The study's RAB draws bootstrap samples and trains a network on each; the mean of their predictions is
    the net effect curve, their percentiles its band. The method's original paper is not public and the study
    says neither what is drawn nor how often, so this is a reconstruction. Entities are drawn by default,
    since bands from resampled rows are too narrow where an entity's rows depend on each other.

    Where the base selects on rows (`SelectsRows`) and a protocol gives none, every draw sets a share
    of its own aside, as `panel.split_unit` says: rows, entities, or the last periods. The others are
    resampled. What a resample happens to leave out is no rows to select on: under a protocol that predicts
    other rows of known entities it would be entities, and a network stopped on these is another one. Draws of
    a base that do not select (`harness.plugin.DrawsMaySelect`) set nothing aside.

    Attributes
    ----------
    base : the estimator fitted on each resample
    draws : resamples
    fold_draws : most resamples of a fit on a fold, of which only the mean prediction is asked for: a band
        needs many draws, a mean few
    unit : what is drawn with replacement: whole entities, or single rows
    """

    name: ClassVar[str] = "rab"
    known_as: ClassVar[tuple[str, ...]] = ("bootstrap", "bagging")
    ladder: ClassVar[tuple[LadderEntry, ...]] = (
        LadderEntry(
            250, marked("RAB (bootstrapped SOM + ANN)"), options={"base": {"use": "som_ann"}}, is_drafted=True
        ),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitFolds, plugin.CanLearnNuisances, plugin.CanLearnWithin, plugin.CanProfile),
            plugin.ChecksRows,
            *(plugin.CanRunQuick, plugin.FitsByDraws, plugin.HasDetails, plugin.HasDraws, plugin.HasEffects),
            plugin.HasNotes,
        }
    )

    base: plugin.NestedEstimator
    draws: Annotated[int, Field(ge=2, le=1_000_000)] = 200
    fold_draws: Annotated[int, Field(ge=2, le=1_000_000)] = 50
    unit: Literal["entity", "row"] = "entity"

    def __post_init__(self) -> None:
        _draw_fitter(self.base)

    def quick(self) -> Self:
        """Return a copy with at most 40 draws of a quick base estimator, 10 on a fold."""
        draws, fold_draws = min(self.draws, QUICK_DRAWS), min(self.fold_draws, QUICK_FOLD_DRAWS)
        return replace(self, base=plugin.quick(self.base), draws=draws, fold_draws=fold_draws)

    def for_folds(self) -> Self:
        """Return a copy with at most `fold_draws` draws."""
        base = plugin.for_folds(self.base)
        return replace(self, base=base, draws=min(self.draws, self.fold_draws))

    def for_nuisances(self) -> Self:
        """Return a copy whose base estimator learns nuisance functions."""
        return replace(self, base=plugin.for_nuisances(self.base))

    def within_entities(self) -> Self | None:
        """Return a copy whose base estimator has effects; None where that has none."""
        within = self.base.within_entities() if isinstance(self.base, plugin.CanLearnWithin) else None
        return None if within is None else replace(self, base=within)

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> Ensemble:
        """Fit the base estimator on every resample.

        Parameters
        ----------
        selection : rows that every draw's candidates are compared on and stop by; with None, or none, every
            draw sets its own aside

        Raises
        ------
        EstimationError
            Where the base estimator refuses these rows, or there are too few units to set any aside.
        """
        maker = self.prepare(panel, rng=plugin.stream_or_seeded(rng), selection=selection)
        fitted = maker.draw(range(self.draws))
        notes = (*maker.notes, *(fitted.notes if isinstance(fitted, plugin.HasNotes) else ()))
        return mean_of(fitted, n_draws=self.draws, notes=tuple(dict.fromkeys(notes)))

    def check_rows(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> None:
        """Refuse rows that the base estimator refuses."""
        plugin.check_rows(self.base, panel, rng=plugin.stream_or_seeded(rng), selection=selection)

    def prepare(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> EnsembleResamples:
        """Return what makes the draws, once what these have in common is found.

        Raises
        ------
        EstimationError
            Where the base estimator refuses these rows.
        """
        selects = selection if selection is not None and selection.n_obs > 0 else None
        prepared = None
        if plugin.CanPrepareDraws in self.base.provides and isinstance(self.base, plugin.CanPrepareDraws):
            prepared = self.base.prepare_draws(panel, selection=selects, rng=rng)
        return EnsembleResamples(self, panel, selects, prepared, rng)


@dataclass(frozen=True, eq=False)
class EnsembleResamples:
    """What makes the draws of an ensemble, any of them.

    Attributes
    ----------
    options : of the ensemble
    panel : the rows
    selection : rows that every draw selects on; with None each sets its own aside
    prepared : what draws have in common, of a base that finds it once
    rng : whose children are the streams of the draws, each by its position
    """

    options: Rab
    panel: Panel
    selection: Panel | None
    prepared: plugin.PreparedDraws | None
    rng: Generator

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know about the method, and about what draws have in common."""
        own = (Note("W-METHOD", "", RECONSTRUCTION),)
        by_row = (Note("W-ROWBOOT", "", ROW_WARNING),) if self.options.unit == "row" else ()
        return (*own, *(self.prepared.notes if isinstance(self.prepared, plugin.HasNotes) else ()), *by_row)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the tables of what draws have in common, such as the search of a network's size."""
        return self.prepared.details() if isinstance(self.prepared, plugin.HasDetails) else {}

    def draw(self, draws: range) -> FittedDraws:
        """Fit the base estimator on some of the resamples.

        Raises
        ------
        EstimationError
            Where the base estimator refuses one, or there are too few units to set any aside.
        """
        rngs = [plugin.stream_at(self.rng, draw) for draw in draws]
        used = [self._used(rng) for rng in rngs]
        weights = np.stack([own for own, _ in used])
        asides = np.stack([aside for _, aside in used]) if self.selection is None else None
        if self.prepared is not None:
            return self.prepared.fit(weights, selection=asides, rngs=rngs)
        selects: plugin.DrawSelection = asides if self.selection is None else self.selection
        base = _draw_fitter(self.options.base)
        return base.fit_draws(self.panel, weights=weights, selection=selects, rng=rngs[0])

    def _used(self, rng: Generator) -> tuple[Floats, Floats]:
        """Return how often one draw trains on each row, and whether it selects on it, (n_obs,) each."""
        unit, panel = self.options.unit, self.panel
        base = self.options.base
        if self.selection is None and _draws_select(base):
            weights, asides = np.zeros(panel.n_obs), np.zeros(panel.n_obs)
            split = plugin.inner_split(panel, share=base.selection_share, rng=rng)
            (weights[split.train],) = plugin.draw_weights(panel.take(split.train), 1, unit=unit, rng=rng)
            asides[split.selection] = 1.0
            return weights, asides
        (weights,) = plugin.draw_weights(panel, 1, unit=unit, rng=rng)
        return weights, plugin.out_of_bag(weights)


def _draws_select(base: Estimator) -> TypeGuard[plugin.SelectsRows]:
    """Return whether draws of an estimator are stopped or compared on rows that they do not train on."""
    if plugin.SelectsRows not in base.provides or not isinstance(base, plugin.SelectsRows):
        return False
    return not isinstance(base, plugin.DrawsMaySelect) or base.draws_select


def _draw_fitter(base: Estimator) -> plugin.CanFitDraws:
    """Return the base estimator as one that fits draws, or refuse it.

    Raises
    ------
    pydantic_core.PydanticCustomError
        A ``ValueError``, which the reader of specs reports at the option's line.
    """
    if plugin.CanFitDraws in base.provides and isinstance(base, plugin.CanFitDraws):
        return base
    raise PydanticCustomError(
        "cannot_fit_draws",
        "'{name}' cannot be fitted on many resamples at once",
        {
            "name": base.name,
            "expected": "an estimator that provides CanFitDraws",
            "hint": "`harness plugins --json` lists what each estimator provides",
        },
    )
