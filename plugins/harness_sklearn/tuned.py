"""Any estimator with the options that are best on rows set aside, among those of a list."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import Estimator, Fitted, Floats, NestedEstimator, Note, Panel, marked, stream_at
from harness_sklearn.selection import RowParts, split_to_select

# Candidates, from the first on, that a quick run compares.
QUICK_CANDIDATES = 4


@dataclass(frozen=True, eq=False, repr=False)
class TunedFit(plugin.LearnedFit):
    """The fit of the candidate that was chosen.

    Attributes
    ----------
    fit : of the candidate
    candidates : as they were tried
    selection_nmse : (n_candidates,), squared error on the selection rows over the outcome's variance there;
        infinite for one that refuses the other rows
    """

    fit: Fitted
    candidates: tuple[Estimator, ...]
    selection_nmse: Floats

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the candidate has to say, and that no candidate could be compared, where it is so."""
        own = self.fit.notes if isinstance(self.fit, plugin.HasNotes) else ()
        if np.isfinite(self.selection_nmse).any():
            return own
        message = marked(
            "No candidate can be fitted without the selection rows; the first is fitted without tuning."
        )
        return (Note("W-UNTUNED", "", message), *own)

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.fit.predict(panel)

    def intervals(self, panel: Panel, level: float) -> Floats | None:
        """Return the limits of the candidate, (2, n_obs), outcome units; None where it has none."""
        return self.fit.intervals(panel, level) if isinstance(self.fit, plugin.HasIntervals) else None

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect; zero for a fit without effects."""
        return self.fit.n_unseen(panel) if isinstance(self.fit, plugin.HasEffects) else 0

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return one row a candidate, with the options in which it is unlike the first, or else its name.

        One that refuses has no error.
        """
        positions, compared = range(len(self.candidates)), np.isfinite(self.selection_nmse)
        return {
            "search": {
                "candidate": [at + 1 for at in positions],
                "options": [differences(self.candidates[0], one) or one.name for one in self.candidates],
                "selection_nmse": np.where(compared, self.selection_nmse, np.nan).tolist(),
                "chosen": [at == int(np.argmin(self.selection_nmse)) for at in positions],
            }
        }


@dataclass(frozen=True, eq=False, repr=False)
class TunedProfile(TunedFit):
    """The fit of a candidate that has mean predictions without predicting every row, once more as such."""

    profiled: plugin.CanProfile

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        return self.profiled.profile(panel, columns, points)


@plugin.checks_options
@dataclass(frozen=True)
class Tuned:
    """The best of several estimators on rows set aside from the training rows.

    Every candidate is fitted on the training rows but those set aside, is stopped or chosen on these where it
    stops or chooses anything, and is compared on them; the one with the least squared error is fitted on all
    training rows. Where the protocol gives rows to select on, these are what candidates are compared on, and
    the fit that was compared is kept. What is set aside is what the protocol holds apart: rows, entities, or
    the last periods.

    Candidates are commonly one estimator with several sets of options, its defaults first. One that refuses
    the rows is passed over; where all do, too little varies once rows are set aside, and the first is fitted.

    Attributes
    ----------
    candidates : at least two; of equals the first is chosen
    selection_share : share of the units set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = "tuned"
    known_as: ClassVar[tuple[str, ...]] = ("grid_search", "cross_validated")
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            *(plugin.CanFitFolds, plugin.CanLearnNuisances, plugin.CanProfile, plugin.CanRunQuick),
            plugin.ChecksRows,
            *(
                plugin.ComparesCandidates,
                plugin.HasDetails,
                plugin.HasEffects,
                plugin.HasIntervals,
                plugin.HasNotes,
                plugin.SelectsRows,
            ),
        }
    )

    candidates: Annotated[tuple[NestedEstimator, ...], Field(min_length=2)]
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def quick(self) -> Self:
        """Return a copy with the first four candidates, each as a quick run has it."""
        return replace(self, candidates=tuple(map(plugin.quick, self.candidates[:QUICK_CANDIDATES])))

    def for_folds(self) -> Self:
        """Return a copy whose candidates are as folds have them."""
        return replace(self, candidates=tuple(map(plugin.for_folds, self.candidates)))

    def check_rows(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> None:
        """Refuse rows of which none can be set aside, or that all candidates refuse."""
        rng = plugin.stream_or_seeded(rng)
        parts = split_to_select(panel, selection, share=self.selection_share, rng=stream_at(rng, 0))
        for at, one in enumerate(self.candidates):
            with suppress(plugin.EstimationError):
                plugin.check_rows(one, parts.train, rng=stream_at(rng, at + 1), selection=parts.selection)
                return
        plugin.check_rows(self.candidates[0], parts.whole, rng=rng, selection=selection)

    def for_nuisances(self) -> Self:
        """Return a copy whose candidates learn nuisance functions."""
        return replace(self, candidates=tuple(map(plugin.for_nuisances, self.candidates)))

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> TunedFit:
        """Compare the candidates, and fit the best on all training rows.

        Raises
        ------
        EstimationError
            Where there is one unit only, or the chosen candidate refuses the training rows.
        """
        rng = plugin.stream_or_seeded(rng)
        parts = split_to_select(panel, selection, share=self.selection_share, rng=stream_at(rng, 0))
        fits = [_tried(one, parts, stream_at(rng, at + 1)) for at, one in enumerate(self.candidates)]
        errors = np.array([_error(fit, parts.selection) for fit in fits])
        chosen = int(np.argmin(errors))  # the first of equals, and where all refuse
        kept = fits[chosen]
        if selection is None or kept is None:
            kept = self.candidates[chosen].fit(parts.whole, rng=rng, selection=selection)
        if isinstance(kept, plugin.CanProfile):
            return TunedProfile(kept, self.candidates, errors, kept)
        return TunedFit(kept, self.candidates, errors)


def _tried(candidate: Estimator, parts: RowParts, rng: Generator) -> Fitted | None:
    """Return the fit of a candidate to the rows less those set aside; None where it refuses them."""
    try:
        return candidate.fit(parts.train, rng=rng, selection=parts.selection)
    except plugin.EstimationError:
        return None


def _error(fit: Fitted | None, selection: Panel) -> float:
    """Return the squared error on the selection rows over the outcome's variance there, where it varies."""
    if fit is None:
        return float("inf")
    error, variance = np.mean((selection.observed - fit.predict(selection)) ** 2), selection.observed.var()
    return float(error / variance if variance > 0 else error)


def differences(first: Estimator, other: Estimator) -> str:
    """Return the options in which an estimator is unlike another, as ``name=value``; empty where in none."""
    if other.name != first.name:
        return other.name
    unlike = []
    for option in inspect.signature(type(other)).parameters:
        own, theirs = (getattr(one, option) for one in (other, first))
        if own == theirs:
            continue
        nested = isinstance(own, Estimator) and isinstance(theirs, Estimator)
        unlike.append(differences(theirs, own) if nested else f"{option}={own}")
    return ", ".join(unlike)
