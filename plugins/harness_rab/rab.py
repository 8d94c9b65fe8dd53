"""The estimator ``rab``: bootstrap resamples, one fit on each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field
from pydantic_core import PydanticCustomError

from harness import (
    CanFitDraws,
    CanFitFolds,
    CanProfile,
    CanRunQuick,
    DrawSelection,
    Estimator,
    Floats,
    HasDetails,
    HasDraws,
    HasEffects,
    HasNotes,
    NestedEstimator,
    Note,
    Panel,
    Rung,
    SelectsRows,
    draw_weights,
    inner_split,
    left_out,
)
from harness_rab.ensemble import Ensemble, mean_of

QUICK_DRAWS = 40
QUICK_FOLD_DRAWS = 10
RECONSTRUCTION = (
    "the original paper of the RAB method is not public; this is our reading of its description: bootstrap "
    "resamples, a fit on each, the mean of their predictions as the curve and their percentiles as its band. "
    "What is drawn, how often, and whether a map comes before each network, the study does not say; its "
    "name, recursive partitioning based on approximate Bayesian computation, describes nothing that it does"
)
ROW_WARNING = (
    "single rows were resampled: on panels with dependence within entities bands of nominal 95 % covered "
    "83 % of the time, and 93 % where entities were resampled"
)


@dataclass(frozen=True)
class Rab:
    """A bootstrap ensemble around any estimator that can fit draws.

    The study's RAB draws bootstrap samples and trains a network on each; the mean of their predictions is
    the net effect curve, their percentiles its band. The method's original paper is not public and the study
    says neither what is drawn nor how often, so this is a reconstruction. Entities are drawn by default,
    since bands from resampled rows are too narrow where an entity's rows depend on each other.

    Where the base selects on rows (`harness.SelectsRows`) and a protocol gives none, every draw sets a share
    of its own aside, as `panel.split_unit` says: rows, entities, or the last periods. The others are
    resampled. What a resample happens to leave out is no rows to select on: under a protocol that predicts
    other rows of known entities it would be entities, and a network stopped on these is another one.

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
    rungs: ClassVar[tuple[Rung, ...]] = (
        Rung(250, "RAB (bootstrapped SOM + ANN)", options={"base": {"use": "som_ann"}}, is_drafted=True),
    )
    provides: ClassVar[frozenset[type]] = frozenset(
        {CanFitFolds, CanProfile, CanRunQuick, HasDetails, HasDraws, HasEffects, HasNotes}
    )

    base: NestedEstimator
    draws: Annotated[int, Field(ge=2, le=1_000_000)] = 200
    fold_draws: Annotated[int, Field(ge=2, le=1_000_000)] = 50
    unit: Literal["entity", "row"] = "entity"

    def __post_init__(self) -> None:
        _draw_fitter(self.base)

    def quick(self) -> Self:
        """Return a copy with at most 40 draws of a quick base estimator, 10 on a fold."""
        base = self.base
        if CanRunQuick in base.provides and isinstance(base, CanRunQuick):
            base = base.quick()
        fold_draws = min(self.fold_draws, QUICK_FOLD_DRAWS)
        return replace(self, base=base, draws=min(self.draws, QUICK_DRAWS), fold_draws=fold_draws)

    def for_folds(self) -> Self:
        """Return a copy with at most `fold_draws` draws."""
        return replace(self, draws=min(self.draws, self.fold_draws))

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> Ensemble:
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
        if selection is not None and selection.n_obs > 0:
            weights = draw_weights(panel, self.draws, unit=self.unit, rng=rng)
            selects: DrawSelection = selection
        else:
            weights, selects = self._resampled(panel, rng=rng)
        fitted = _draw_fitter(self.base).fit_draws(panel, weights=weights, selection=selects, rng=rng)
        own = Note("W-METHOD", self.name, RECONSTRUCTION)
        notes = (own, *(fitted.notes if isinstance(fitted, HasNotes) else ()))
        if self.unit == "row":
            notes = (*notes, Note("W-ROWBOOT", self.name, ROW_WARNING))
        return mean_of(fitted, n_draws=self.draws, notes=notes)

    def _resampled(self, panel: Panel, *, rng: Generator) -> tuple[Floats, Floats]:
        """Return how often each draw trains on a row, and whether it selects on it, (n_draws, n_obs) each."""
        if SelectsRows not in self.base.provides or not isinstance(self.base, SelectsRows):
            weights = draw_weights(panel, self.draws, unit=self.unit, rng=rng)
            return weights, left_out(weights)
        weights, asides = (np.zeros((self.draws, panel.n_obs)) for _ in range(2))
        for trained, aside in zip(weights, asides, strict=True):
            split = inner_split(panel, share=self.base.selection_share, rng=rng)
            (trained[split.train],) = draw_weights(panel.take(split.train), 1, unit=self.unit, rng=rng)
            aside[split.selection] = 1.0
        return weights, asides


def _draw_fitter(base: Estimator) -> CanFitDraws:
    """Return the base estimator as one that fits draws, or refuse it.

    Raises
    ------
    pydantic_core.PydanticCustomError
        A ``ValueError``, which the reader of specs reports at the option's line.
    """
    if CanFitDraws in base.provides and isinstance(base, CanFitDraws):
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
