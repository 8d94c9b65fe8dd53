"""One effect: a method, a form and some rows, its parts and what they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.estimators.guard import Attempt, attempt
from harness.estimators.protocol import CanLearnNuisances, Estimator
from harness.rng import random_stream
from harness.scenarios.effect.effects import Effects, aggregated
from harness.scenarios.effect.entity_folds import EntityFolds
from harness.scenarios.effect.methods import Arranged, Method, Within, arranged
from harness.scenarios.effect.nuisance import DerivativePart, NuisancePart
from harness.scenarios.effect.riesz import Representer
from harness.scenarios.effect.score import Estimated, averaged, instrumented, partialled_out
from harness.scenarios.effect.terms import Form, MakesTerms, Terms, control_names, instruments_of
from harness.scenarios.effect.within import LearnsWithin, WithinPart, with_what_effects_took
from harness.scenarios.parts import Found, Question

OUTCOME = "outcome"
"""What labels call the nuisance function of the outcome."""

WITHIN = "within entities"
"""What labels call what learners with effects of entities learn, whatever the method."""

_INSTRUMENT = "instrument"


@dataclass(frozen=True)
class CrossFit:
    """How nuisance functions are cross-fitted.

    Attributes
    ----------
    n_folds : of entities
    repeats : times that folds are drawn anew
    level : nominal coverage of intervals
    representer : what learns the Riesz representer of a derivative
    """

    n_folds: int
    repeats: int
    level: float
    representer: Representer = "ridge"


@dataclass(frozen=True, eq=False)
class _Target:
    """What a nuisance function is of: a name, and values of all rows in canonical order, (n_levels,)."""

    name: str
    levels: Floats


@dataclass(frozen=True, eq=False)
class Cell:
    """One effect of one learner.

    Attributes
    ----------
    method, form : of the effect
    within : how what is constant in an entity is allowed for, by the method itself or under its instruments
    group : whose rows they are; empty for all
    moderator : of a conditional effect; None for others
    panel : the rows, the exposure in its place
    terms_of : makes the terms of the form
    question : whose learner is asked
    cross_fit : how
    """

    method: Method
    within: Within
    form: Form
    group: str
    moderator: str | None
    panel: Panel
    terms_of: MakesTerms
    question: Question
    cross_fit: CrossFit

    @cached_property
    def terms(self) -> Terms:
        """The terms of the exposure."""
        return self.terms_of(self.panel)

    @cached_property
    def rows(self) -> Arranged:
        """The rows and inputs of the nuisance functions.

        Raises
        ------
        EstimationError
            Where the rows do not allow the effect.
        """
        held = list(control_names(self.panel))
        if self.method == "instrumented":
            instruments = instruments_of(self.panel, self.terms, self.form, self.moderator)
            return arranged(self.within, self.panel, self.terms, held, instruments)
        if self.form == "derivative":
            held = [self.panel.exposure, *held]
        return arranged(self.within, self.panel, self.terms, held)

    def folds(self, repeat: int) -> EntityFolds:
        """Return the folds of a repeat, the same for all learners, outcomes and forms."""
        rng = random_stream(self.question.seed, "effect folds", self.group, repeat)
        return EntityFolds.drawn(self.rows.panel.entity.codes, n_folds=self.cross_fit.n_folds, rng=rng)

    def parts(self) -> Iterator[NuisancePart]:
        """Yield the parts; some are shared with other forms and methods and have the same label there.

        Raises
        ------
        EstimationError
            Where the rows do not allow the effect.
        """
        for repeat in range(self.cross_fit.repeats):
            folds = self.folds(repeat)
            for target in self._targets:
                for fold in range(folds.n_folds):
                    yield self._part(target, repeat, folds, fold)

    def effects(self, found: Found) -> Effects:
        """Return what the parts give.

        Raises
        ------
        EstimationError
            Where a part has no values, or nothing of the exposure's variation is left.
        """
        repeats = [self.estimated(found, repeat) for repeat in range(self.cross_fit.repeats)]
        labels = (self.panel.outcome, self.method, self.form, self.group)
        rng = random_stream(self.question.seed, "effect bands", *labels)
        return aggregated(repeats, self.terms.combinations, level=self.cross_fit.level, rng=rng)

    def estimated(self, found: Found, repeat: int) -> Estimated:
        """Return what the parts of one repeat give.

        Raises
        ------
        EstimationError
            Where a part has no values, or nothing of the exposure's variation is left.
        """
        folds = self.folds(repeat)
        n_obs = self.rows.outcome.size
        predicted = {
            target.name: self._gathered(found, target, repeat, folds, n_obs) for target in self._targets
        }
        if self.form == "derivative":
            fitted, slope, representer = predicted[OUTCOME]
            error = self.rows.outcome - fitted
            return averaged(slope + representer * error, representer, error, folds)
        outcome_hat = predicted.pop(OUTCOME)[0]
        hats = np.stack([values[0] for values in predicted.values()], axis=1)
        n_terms = self.rows.terms.shape[1]
        rows, terms_hat, instruments_hat = self.rows, hats[:, :n_terms], hats[:, n_terms:]
        if self.method != "instrumented":
            return partialled_out(rows.outcome, rows.terms, outcome_hat, terms_hat, folds)
        return instrumented(
            *(rows.outcome, rows.terms, rows.instruments), outcome_hat, terms_hat, instruments_hat, folds
        )

    def _part(self, target: _Target, repeat: int, folds: EntityFolds, fold: int) -> NuisancePart:
        """Return a target on a fold, learned the way that the learner learns it best."""
        label, question = self._label(target.name, repeat, fold), self.question
        place = (label, "effect", question.name)
        train, test = folds.others(fold), folds.held_out(fold)
        if self._within is not None:
            levels = replace(self._within.levels, observed=target.levels)
            entities = np.unique(self.rows.panel.entity.codes[train])
            known = np.isin(levels.entity.codes, entities)
            split = np.flatnonzero(known), np.flatnonzero(~known)
            return WithinPart(*place, self._within.learner, levels, *split, question.seed)
        rows = self._rows_of(target)
        if self.form == "derivative":
            representer = self.cross_fit.representer
            return DerivativePart(*place, self._learner, rows, train, test, question.seed, representer)
        return NuisancePart(*place, self._learner, rows, train, test, question.seed)

    def _rows_of(self, target: _Target) -> Panel:
        return self.rows.targeting(self.rows.moved.of(target.levels))

    @property
    def _learner(self) -> Estimator:
        learner = self.question.estimator
        return learner.for_nuisances() if isinstance(learner, CanLearnNuisances) else learner

    @cached_property
    def _within(self) -> LearnsWithin | None:
        """The learner that has effects of entities, where it can; of a derivative it has none."""
        if self.form == "derivative":
            return None
        return LearnsWithin.of(self._learner, self._ordered, control_names(self.panel))

    @cached_property
    def _ordered(self) -> Panel:
        return self.panel.take(self.panel.canonical_order)

    @property
    def _targets(self) -> Iterator[_Target]:
        yield _Target(OUTCOME, self._ordered.observed)
        if self.form != "derivative":
            terms = self.terms.values[self.panel.canonical_order]
            for at, values in enumerate(terms.T, start=1):
                yield _Target(f"{self.form} {at}", values)
        if self.method == "instrumented":
            instruments = instruments_of(self._ordered, self.terms, self.form, self.moderator)
            for at, values in enumerate(instruments.T, start=1):
                yield _Target(f"{_INSTRUMENT} {at}", values)

    def _label(self, target: str, repeat: int, fold: int) -> str:
        """Return the name of a part, the same for all forms and methods that the same is learned for."""
        parts = (self._inputs(target), self.group, target, f"repeat {repeat + 1}", f"fold {fold + 1}")
        return ", ".join(part for part in parts if part)

    def _inputs(self, target: str) -> str:
        """Return what a target is learned from; those of differences know nothing of the form's terms."""
        if self._within is not None:
            is_whole = self.rows.panel.n_entities == self.panel.n_entities
            return WITHIN if is_whole else f"{self.within}, {WITHIN}"
        if self.method == "first_differences" and self.form != "derivative" and target == OUTCOME:
            return self.method
        return f"{self.method}, {self.form}"

    def _gathered(self, found: Found, target: _Target, repeat: int, folds: EntityFolds, n_obs: int) -> Floats:
        """Return the values of all folds of a target, (n_values, n_obs)."""
        gathered = np.empty((3 if self.form == "derivative" else 1, n_obs))
        rows = self._rows_of(target)
        for fold in range(folds.n_folds):
            train, test = folds.others(fold), folds.held_out(fold)
            label = self._label(target.name, repeat, fold)
            values = _values(found[label], label)
            if self._within is not None:
                values = with_what_effects_took(self.rows.moved.of(values), rows, train, test)
            gathered[:, test] = values
        return gathered


def parts_of(cells: Iterable[Cell]) -> Iterator[NuisancePart]:
    """Yield the parts of cells, one of each label; a cell that its rows do not allow has none."""
    seen: set[str] = set()
    for cell in cells:
        for part in attempt(partial(_all_parts, cell)).value or ():
            if part.label not in seen:
                seen.add(part.label)
                yield part


def _all_parts(cell: Cell) -> list[NuisancePart]:
    return list(cell.parts())


def _values(part: Attempt[Floats], label: str) -> Floats:
    if part.value is None:
        raise EstimationError(Problem(label, part.reason))
    return part.value
