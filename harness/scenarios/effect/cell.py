"""One effect: a method, a form and some rows, its parts and what they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.estimators.guard import Attempt
from harness.estimators.protocol import CanLearnNuisances, Estimator
from harness.rng import random_stream
from harness.scenarios.effect.methods import Arranged, Method, Within, arranged
from harness.scenarios.effect.nuisance import DerivativePart, NuisancePart
from harness.scenarios.effect.riesz import Representer
from harness.scenarios.effect.score import (
    Effects,
    EntityFolds,
    Estimated,
    aggregated,
    averaged,
    instrumented,
    partialled_out,
)
from harness.scenarios.effect.terms import Form, MakesTerms, Terms, control_names, instruments_of
from harness.scenarios.effect.within import WithinPart, learning_within, moving_inputs
from harness.scenarios.parts import Found, Question

OUTCOME = "outcome"
"""What labels call the nuisance function of the outcome."""

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
        """Yield the parts; some are shared with other forms and have the same label there.

        Raises
        ------
        EstimationError
            Where the rows do not allow the effect.
        """
        for repeat in range(self.cross_fit.repeats):
            folds = self.folds(repeat)
            for target in self._targets:
                make = self._make(target)
                panel = self.rows.targeting(self.rows.moved.of(target.levels))
                for fold in range(folds.n_folds):
                    yield make(
                        label=self._label(target.name, repeat, fold),
                        purpose="effect",
                        name=self.question.name,
                        panel=panel,
                        train=folds.others(fold),
                        test=folds.held_out(fold),
                        seed=self.question.seed,
                    )

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
            target.name: self._gathered(found, target.name, repeat, folds, n_obs) for target in self._targets
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

    def _make(self, target: _Target) -> Callable[..., NuisancePart]:
        """Return what makes the parts of a target, the way the learner learns best."""
        learner = _for_nuisances(self.question.estimator)
        if self.form == "derivative":
            return partial(DerivativePart, estimator=learner, representer=self.cross_fit.representer)
        inputs, within = self._moving, learning_within(learner)
        if inputs is None or within is None:
            return partial(NuisancePart, estimator=learner)
        levels = replace(inputs, observed=target.levels)
        return partial(WithinPart, estimator=within, levels=levels, moved=self.rows.moved)

    @cached_property
    def _ordered(self) -> Panel:
        return self.panel.take(self.panel.canonical_order)

    @cached_property
    def _moving(self) -> Panel | None:
        return moving_inputs(self._ordered, control_names(self.panel))

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
        """Return the name of a part; inputs of differences are the same for all forms but the derivative."""
        is_shared = self.method == "first_differences" and self.form != "derivative" and target == OUTCOME
        inputs = () if is_shared else (self.form,)
        place = (self.group,) if self.group else ()
        return ", ".join((self.method, *inputs, *place, target, f"repeat {repeat + 1}", f"fold {fold + 1}"))

    def _gathered(self, found: Found, target: str, repeat: int, folds: EntityFolds, n_obs: int) -> Floats:
        """Return the values of all folds of a target, (n_values, n_obs)."""
        gathered = np.empty((3 if self.form == "derivative" else 1, n_obs))
        for fold in range(folds.n_folds):
            label = self._label(target, repeat, fold)
            gathered[:, folds.held_out(fold)] = _values(found[label], label)
        return gathered


def _for_nuisances(learner: Estimator) -> Estimator:
    return learner.for_nuisances() if isinstance(learner, CanLearnNuisances) else learner


def _values(part: Attempt[Floats], label: str) -> Floats:
    if part.value is None:
        raise EstimationError(Problem(label, part.reason))
    return part.value
