"""The best of some simple estimators, chosen within the training rows by folds of the kind that tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import AfterValidator, Field, ValidationInfo

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators import guard, protocol
from harness.estimators.protocol import Columns, Fitted, FittedDraws
from harness.estimators.target import on_target
from harness.language import marked
from harness.registry.catalog import Catalogs, build_choice
from harness.rng import random_stream, stream_at
from harness.study.spec.entry import Regressors, Target
from harness.tables.accuracy import BEST_SIMPLE
from harness.tables.preparation import Note

# Share of the periods in each part that later periods are chosen by.
_SHARE = 0.2


@dataclass(frozen=True)
class SimpleCandidate:
    """One of the estimators that are compared.

    Attributes
    ----------
    label : how tables and sentences call it
    estimator : with its options
    target : what it is fitted on
    regressors : how moderators and controls enter
    """

    label: str
    estimator: protocol.NestedEstimator
    target: Target = "level"
    regressors: Regressors = "level"

    @property
    def fitting(self) -> protocol.Estimator:
        """The estimator as it is fitted."""
        return on_target(self.estimator, self.target, self.regressors)


def _or_default(candidates: tuple[SimpleCandidate, ...], info: ValidationInfo) -> tuple[SimpleCandidate, ...]:
    """Return the candidates; where none is named, those that installed estimators declare."""
    catalogs: Catalogs = info.context or {}
    members = catalogs[protocol.ESTIMATOR.name].members if catalogs else {}
    declared = [(rival, name) for name in sorted(members) for rival in protocol.rivals_of(members[name])]
    return candidates or tuple(
        SimpleCandidate(
            rival.label,
            build_choice(catalogs, protocol.ESTIMATOR.name, name, rival.options),
            rival.target,
            rival.regressors,
        )
        for rival, name in sorted(declared, key=lambda one: one[0].position)
    )


Candidates = Annotated[tuple[SimpleCandidate, ...], AfterValidator(_or_default), Field(validate_default=True)]


@dataclass(frozen=True, eq=False)
class Selection:
    """How candidates did.

    Attributes
    ----------
    candidates : all of them
    mse : (n_candidates,), mean squared error of rows held out, squared outcome units; NaN where refused
    reasons : why, of each; empty where it was not
    """

    candidates: tuple[SimpleCandidate, ...]
    mse: Floats
    reasons: tuple[str, ...]

    @property
    def best(self) -> SimpleCandidate:
        """The candidate with the least error, the first where all are refused."""
        return self.candidates[0 if np.isnan(self.mse).all() else int(np.nanargmin(self.mse))]

    def columns(self) -> Columns:
        """Return a row for each candidate."""
        return {
            "candidate": [one.label for one in self.candidates],
            "mse": self.mse.tolist(),
            "chosen": [one is self.best for one in self.candidates],
            "reason": list(self.reasons),
        }


@dataclass(frozen=True, eq=False, repr=False)
class BestSimpleFit:
    """A fit of the chosen candidate on all training rows.

    Attributes
    ----------
    base : the fit
    selection : how candidates did
    """

    base: Fitted
    selection: Selection

    @property
    def choice(self) -> str:
        """Label of the chosen candidate."""
        return self.selection.best.label

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.base.predict(panel)

    def intervals(self, panel: Panel, level: float) -> Floats | None:
        """Return the limits of the chosen candidate, (2, n_obs), outcome units; None where it has none."""
        return self.base.intervals(panel, level) if isinstance(self.base, protocol.HasIntervals) else None

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the fit has to say."""
        return self.base.notes if isinstance(self.base, protocol.HasNotes) else ()

    def details(self) -> Mapping[str, Columns]:
        """Return how candidates did, and the tables of the fit."""
        tables = dict(self.base.details()) if isinstance(self.base, protocol.HasDetails) else {}
        return {"candidates": self.selection.columns(), **tables}


@dataclass(frozen=True, eq=False)
class RefittedDraws:
    """Draws of an estimator that fits them one by one."""

    fits: Sequence[Fitted]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.stack([fit.predict(panel) for fit in self.fits])


@dataclass(frozen=True, eq=False)
class ChosenDraws:
    """Draws of the chosen candidate; none of them chooses anew.

    Attributes
    ----------
    estimator : the candidate as it is fitted
    panel : the rows
    prepared : what its draws share, where it searches once for all
    """

    estimator: protocol.Estimator
    panel: Panel
    prepared: protocol.PreparedDraws | None

    def fit(
        self, weights: Floats, *, selection: protocol.DrawSelection, rngs: Sequence[Generator]
    ) -> FittedDraws:
        """Fit once a draw; weights is (n_draws, n_obs)."""
        if self.prepared is not None and not isinstance(selection, Panel):
            return self.prepared.fit(weights, selection=selection, rngs=rngs)
        if isinstance(self.estimator, protocol.CanFitDraws):
            return self.estimator.fit_draws(self.panel, weights=weights, selection=selection, rng=rngs[0])
        rows = [np.repeat(np.arange(self.panel.n_obs), counts.astype(np.int64)) for counts in weights]
        pairs = zip(rows, rngs, strict=True)
        return RefittedDraws([self.estimator.fit(self.panel.take(drawn), rng=rng) for drawn, rng in pairs])


@dataclass(frozen=True)
class BestSimple:
    """The best of simple estimators, as a rival that nobody can call a straw man.

    Candidates are compared on parts of the training rows that are held out in turn: whole entities where the
    protocol tests entities not used in training, the last periods where it tests later ones, the last
    periods of whole entities where it tests both, else rows. The one with the least squared error is fitted
    on all training rows. No test row takes part, nor do rows that the protocol names for selection, which
    may be test rows: errors are those of the whole procedure. A candidate that refuses the rows, as a
    logarithm does zeros, is left out.

    Attributes
    ----------
    among : candidates, each with a label, an estimator, and how outcome and regressors enter; left out, those
        that plugins declare: pooled and two-way regressions in levels and logs, Poisson regressions,
        correlated random effects, the mean and the last value of an entity, and splines
    folds : parts that rows or entities are dealt into; of periods one less are tested
    """

    name: ClassVar[str] = BEST_SIMPLE
    known_as: ClassVar[tuple[str, ...]] = ("best_rival", "best")
    as_learner: ClassVar[protocol.AsLearner] = "refused"
    provides: ClassVar[frozenset[type]] = frozenset(
        {
            protocol.CanFitDraws,
            protocol.CanFitFolds,
            protocol.CanPrepareDraws,
            protocol.CanProfile,
            protocol.CanRunQuick,
            protocol.HasChoice,
            protocol.HasDetails,
            protocol.HasIntervals,
            protocol.HasNotes,
            protocol.NeedsGroups,
        }
    )

    among: Candidates = ()
    folds: Annotated[int, Field(ge=2, le=100)] = 3

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns that candidates group rows by."""
        names = (name for one in self.among for name in protocol.grouped_by(one.estimator))
        return tuple(dict.fromkeys(names))

    def quick(self) -> Self:
        """Return a copy that compares on two parts."""
        return replace(self, folds=2)

    def for_folds(self) -> Self:
        """Return a copy whose fits only predict."""
        return replace(
            self, among=tuple(replace(one, estimator=protocol.for_folds(one.estimator)) for one in self.among)
        )

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> BestSimpleFit:
        """Choose, and fit the chosen candidate on all training rows.

        Raises
        ------
        EstimationError
            Where there is no candidate, or all refuse the rows.
        """
        chosen = self.select(panel)
        return BestSimpleFit(chosen.best.fitting.fit(panel, rng=rng), chosen)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: protocol.DrawSelection, rng: Generator
    ) -> FittedDraws:
        """Fit once a draw what is chosen on all rows with a weight; weights is (n_draws, n_obs)."""
        rngs = [stream_at(rng, draw) for draw in range(len(weights))]
        weighted = panel.take(np.flatnonzero((weights > 0.0).any(axis=0)))
        return ChosenDraws(self.select(weighted).best.fitting, panel, None).fit(
            weights, selection=selection, rngs=rngs
        )

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> ChosenDraws:
        """Choose once for all draws."""
        estimator = self.select(panel).best.fitting
        prepared = None
        if isinstance(estimator, protocol.CanPrepareDraws):
            prepared = estimator.prepare_draws(panel, selection=None, rng=rng)
        return ChosenDraws(estimator, panel, prepared)

    def select(self, panel: Panel) -> Selection:
        """Compare the candidates on rows held out of a panel.

        Raises
        ------
        EstimationError
            Where there is no candidate.
        """
        if not self.among:
            what = marked("there is no candidate to choose from")
            hint = marked("name some under `among`, or install a plugin that declares some")
            raise EstimationError.at(self.name, what, hint=hint)
        folds = list(inner_folds(panel, self.folds))
        tried = [
            guard.attempt(partial(_held_out_error, protocol.for_folds(one.fitting), panel, folds))
            for one in self.among
        ]
        mse = np.array([np.nan if one.value is None else one.value for one in tried])
        return Selection(self.among, mse, tuple(one.reason for one in tried))


def inner_folds(panel: Panel, n_folds: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield training and held-out rows, split as the protocol does: by rows, entities, last periods or both.

    The parts are the same whatever the random stream of a fit, so that a fit and its draws choose alike.
    """
    periods = np.unique(panel.period)
    size = max(1, round(_SHARE * periods.size))
    if panel.split_unit == "time":
        for part in range(min(n_folds - 1, (periods.size - 1) // size)):
            last = periods.size - part * size
            tested = np.isin(panel.period, periods[last - size : last])
            yield np.flatnonzero(panel.period < periods[last - size]), np.flatnonzero(tested)
        return
    units = panel.entity.codes if panel.keeps_entities else np.argsort(panel.canonical_order)
    present, position = np.unique(units, return_inverse=True)
    if present.size < 2:
        return
    order = random_stream(0, BestSimple.name).permutation(present.size)
    part_of = order[position] % min(n_folds, present.size)
    is_early = is_late = np.ones(panel.n_obs, dtype=np.bool_)
    if panel.split_unit == "entity_and_time" and periods.size > 1:
        is_late = panel.period >= periods[-size]
        is_early = ~is_late
    for part in range(int(part_of.max()) + 1):
        train, held_out = (part_of != part) & is_early, (part_of == part) & is_late
        if train.any() and held_out.any():
            yield np.flatnonzero(train), np.flatnonzero(held_out)


def _held_out_error(estimator: protocol.Estimator, panel: Panel, folds: Sequence[tuple[Ints, Ints]]) -> float:
    """Return the mean squared error on rows held out, squared outcome units; zero without folds."""
    total, n_rows = 0.0, 0
    for number, (train, held_out) in enumerate(folds):
        fit = estimator.fit(panel.take(train), rng=random_stream(number, BestSimple.name, "fit"))
        rows = panel.take(held_out)
        total += float(((rows.observed - guard.predict(fit, rows)) ** 2).sum())
        n_rows += rows.n_obs
    return total / max(1, n_rows)
