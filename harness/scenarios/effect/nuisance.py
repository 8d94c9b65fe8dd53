"""The nuisance functions of an effect: the pieces of work on one fold, and how they are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.entity_means import means_by
from harness.data.panel import Panel
from harness.estimators.guard import predict, predict_draws
from harness.estimators.protocol import CanFitOutcomes, Estimator, Fitted
from harness.rng import random_stream
from harness.scenarios.effect.methods import Arranged
from harness.scenarios.effect.riesz import STEP, Representer, riesz_representer
from harness.scenarios.effect.score import EntityFolds
from harness.scenarios.scenario import Part, Subject


@dataclass(frozen=True, eq=False)
class _Constant:
    mean: float

    def predict(self, panel: Panel) -> Floats:
        return np.full(panel.n_obs, self.mean)


@dataclass(frozen=True, eq=False)
class ConditionalMeans:
    """Learns the means of targets given the rows' inputs, from the rows outside a fold.

    Attributes
    ----------
    label : labels the random streams
    name : of the estimator in the study; labels them too
    estimator : that is fitted
    panel : all rows, with the inputs; each target takes the outcome's place
    predicted : the rows that means are given at
    train : (n_train,), positions of the rows that are learned from
    seed : root seed of the study
    """

    label: str
    name: str
    estimator: Estimator
    panel: Panel
    predicted: Panel
    train: Ints
    seed: int

    def of(self, names: Sequence[str], targets: Floats) -> Floats:
        """Return the means of targets, (n_targets, n_obs), at the rows that are predicted.

        Parameters
        ----------
        names : of the targets; label their random streams
        targets : (n_targets, n_obs); one that does not vary on the training rows is its mean there
        """
        learner, rows, observed = self.estimator, self.predicted, targets[:, self.train]
        means = np.repeat(observed[:, :1], targets.shape[1], axis=1)
        varies = np.flatnonzero(np.ptp(observed, axis=1) > 0.0).tolist()
        if varies and isinstance(learner, CanFitOutcomes):
            rngs = [self._rng(names[at]) for at in varies]
            fits = learner.fit_outcomes(self.panel.take(self.train), observed[varies], rngs=rngs)
            means[varies] = predict_draws(fits, rows)
        else:
            for at in varies:
                means[at] = predict(self.fit(names[at], targets[at]), rows)
        return means

    def fit(self, target: str, values: Floats) -> Fitted:
        """Fit a target, (n_obs,), on the training rows; one that does not vary there is its mean."""
        observed = values[self.train]
        if np.ptp(observed) == 0.0:
            return _Constant(float(observed[0]))
        rows = replace(self.panel, observed=values).take(self.train)
        return self.estimator.fit(rows, rng=self._rng(target))

    def _rng(self, target: str) -> Generator:
        return random_stream(self.seed, "effect", self.name, self.label, target)


@dataclass(frozen=True, eq=False)
class ExposurePart(Part):
    """The conditional means of terms of the exposure and instruments: the same whatever the outcome.

    Attributes
    ----------
    means : what learns them; the outcome of its rows says nothing
    terms : (n_obs, n_terms)
    instruments : (n_obs, n_instruments), of the terms; none unless they are instrumented
    """

    means: ConditionalMeans
    terms: Floats
    instruments: Floats

    @property
    def label(self) -> str:
        """Name of the part."""
        return f"{self.means.label}, exposure"

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return what is learned at all rows, (n_terms + n_instruments, n_obs).

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        names = [*_numbered("term", self.terms), *_numbered("instrument", self.instruments)]
        return self.means.of(names, np.hstack([self.terms, self.instruments]).T)


@dataclass(frozen=True, eq=False)
class NuisancePart(Part):
    """The conditional means of outcome, terms of the exposure and instruments, given the rows' inputs.

    That of the outcome is learned as one of the outcome less the terms times first slopes, plus these times
    those of the terms. What a learner errs in the exposure then moves an effect by the error of the first
    slopes in proportion to it, and not by the whole effect (Chernozhukov et al. 2018, section 4.1, have a
    score that learns the outcome less the effect). First slopes are those of the training rows.

    Attributes
    ----------
    means : what learns them, the outcome in its place
    exposure : what is learned of the exposure
    test : (n_test,), positions of the rows held out
    """

    means: ConditionalMeans
    exposure: ExposurePart
    test: Ints

    @property
    def label(self) -> str:
        """Name of the part."""
        return self.means.label

    @property
    def needs(self) -> tuple[ExposurePart, ...]:
        """What it rests on."""
        return (self.exposure,)

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return predictions of the rows held out, (1 + n_terms + n_instruments, n_test), outcome first.

        Parameters
        ----------
        found : what is learned of the exposure, alone

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        return self.learned(found[0])[:, self.test]

    def learned(self, of_exposure: Floats) -> Floats:
        """Return what is learned at all rows, (1 + n_terms + n_instruments, n_obs), outcome first.

        Parameters
        ----------
        of_exposure : (n_terms + n_instruments, n_obs)
        """
        terms, observed = self.exposure.terms, self.means.panel.observed
        terms_hat = of_exposure[: terms.shape[1]]
        slopes = self._first_slopes(terms_hat.T)
        less = self.means.of(["outcome"], (observed - terms @ slopes)[None])
        return np.vstack([less + slopes @ terms_hat, of_exposure])

    def centred(self, values: Floats) -> Floats:
        """Return values of the training rows, (n_train, ...), less what the method takes no slope from."""
        return np.asarray(values - values.mean(axis=0))

    def _first_slopes(self, terms_hat: Floats) -> Floats:
        """Return slopes of the outcome, (n_terms,), by what is left of the terms in the training rows.

        What is left stands as an instrument of the term, since a learner that fits its rows closely leaves
        less of them than there is. An instrumented term has none: what is left of it moves with the errors.
        """
        train, part = self.means.train, self.exposure
        if part.instruments.shape[1]:
            return np.zeros(part.terms.shape[1])
        terms, outcome = part.terms[train], self.means.panel.observed[train]
        residuals = self.centred(terms - terms_hat[train])
        return np.asarray(np.linalg.lstsq(residuals.T @ terms, residuals.T @ outcome)[0])


def _numbered(what: str, columns: Floats) -> list[str]:
    return [f"{what} {at}" for at in range(1, columns.shape[1] + 1)]


@dataclass(frozen=True, eq=False)
class DerivativePart(Part):
    """The derivative of the outcome's conditional mean, with the Riesz representer that debiases its mean.

    Attributes
    ----------
    means : what learns the outcome's
    test : (n_test,), positions of the rows held out
    representer : what learns it
    """

    means: ConditionalMeans
    test: Ints
    representer: Representer

    @property
    def label(self) -> str:
        """Name of the part."""
        return self.means.label

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return predictions, derivatives and representer of the rows held out, (3, n_test).

        Raises
        ------
        EstimationError
            Where the learner refuses the rows.
        """
        rows = self.means.panel
        train, test = rows.take(self.means.train), rows.take(self.test)
        fit = self.means.fit("outcome", rows.observed)
        step = STEP * float(train.column(train.exposure).std())
        at = test.column(test.exposure)
        up, down = (predict(fit, test.with_column(test.exposure, at + move)) for move in (step, -step))
        rng = random_stream(self.means.seed, "riesz", self.label)
        representer = riesz_representer(self.representer, train, test, rng=rng)
        return np.stack([predict(fit, test), (up - down) / (2.0 * step), representer])


@dataclass(frozen=True, eq=False)
class NuisanceLearning:
    """Learning at the rows of the method: from those outside a fold, for those in it.

    Attributes
    ----------
    learner : learns the functions
    inputs : what they are functions of, as labels have it
    rows : of the method
    panel : rows that are learned from, the outcome in its place
    targets : terms and instruments at these rows, (n_learned, n_terms) and (n_learned, n_instruments)
    """

    learner: Estimator
    inputs: str
    rows: Arranged
    panel: Panel
    targets: tuple[Floats, Floats]

    part_type: ClassVar[type[NuisancePart]] = NuisancePart

    @classmethod
    def at_rows(cls, learner: Estimator, inputs: str, rows: Arranged) -> Self:
        """Return the learning of functions at the rows of a method."""
        return cls(learner, inputs, rows, rows.targeting(rows.outcome), (rows.terms, rows.instruments))

    @cached_property
    def without_outcome(self) -> Panel:
        """The same rows, so that what is learned of other targets is the same for all outcomes."""
        return replace(self.panel, outcome="", observed=np.zeros(self.panel.n_obs))

    @cached_property
    def predicted(self) -> Panel:
        """The rows that targets are predicted at."""
        return self.without_outcome

    def split(self, folds: EntityFolds, fold: int) -> tuple[Ints, Ints]:
        """Return positions of the rows that are learned from and of those held out."""
        return folds.others(fold), folds.held_out(fold)

    def means(self, label: str, subject: Subject, train: Ints) -> ConditionalMeans:
        """Return what learns from some rows the means of targets."""
        place = (label, subject.name, self.learner)
        return ConditionalMeans(*place, self.panel, self.predicted, train, subject.seed)

    def part(self, label: str, subject: Subject, folds: EntityFolds, fold: int) -> NuisancePart:
        """Return the functions of a fold."""
        train, test = self.split(folds, fold)
        means = self.means(label, subject, train)
        exposure = ExposurePart(replace(means, panel=self.without_outcome), *self.targets)
        return self.part_type(means, exposure, test)

    def held_out(self, values: Floats, folds: EntityFolds, fold: int) -> Floats:
        """Return what a part gave as predictions of the rows held out, (n_values, n_test)."""
        return values


def moving_inputs(levels: Panel, names: Sequence[str]) -> Panel | None:
    """Return rows whose regressors are those columns that move within entities; None where none does."""
    columns = {name: levels.column(name) for name in names}
    code = levels.entity.codes
    moving = [
        name
        for name, column in columns.items()
        if not np.allclose(column, means_by(code, column), rtol=0.0, atol=1e-9 * (np.ptp(column) or 1.0))
    ]
    if not moving:
        return None
    X = np.column_stack([columns[name] for name in moving])
    first, *others = moving
    return replace(levels, exposure=first, levels=(), moderators=tuple(others), controls=(), X=X, derived=())


@dataclass(frozen=True, eq=False)
class WithinPart(NuisancePart):
    """Targets as functions of the inputs beside an effect of each entity, the same for all methods.

    Its rows are in levels, those that the method's rows are made of.
    """

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return the functions at all rows, with their mean effects, (1 + n_terms + n_instruments, n_obs).

        Raises
        ------
        EstimationError
            Where the learner refuses the rows.
        """
        return self.learned(found[0])

    def centred(self, values: Floats) -> Floats:
        """Return values of the training rows, (n_train, n_columns), less their means by entity."""
        code = self.means.panel.entity.codes[self.means.train]
        return np.asarray(values - means_by(code, values))


def with_what_effects_took(function: Floats, rows: Panel, train: Ints, test: Ints) -> Floats:
    """Return predictions of the rows held out, (n_test,): a function, and least squares of what it leaves.

    Least squares on the inputs of the method add what effects took: the part of an entity's constant that
    follows from its means, and what moves all entities in a period.

    Parameters
    ----------
    function : (n_obs,), as the method has it
    rows : of the method, the target as outcome
    """
    if np.ptp(rows.observed[train]) == 0.0:
        return np.full(test.size, rows.observed[train[0]])
    residuals, X = rows.observed - function, rows.X
    centre, scale = X[train].mean(axis=0), X[train].std(axis=0)
    inputs = (X - centre) / np.where(scale > 0.0, scale, 1.0)
    columns = np.column_stack([np.ones(rows.n_obs), inputs])
    slopes = np.linalg.lstsq(columns[train], residuals[train])[0]
    return np.asarray((function + columns @ slopes)[test])


def as_new(panel: Panel) -> Panel:
    """Return the rows as those of entities that nothing was trained on, which have the mean effect."""
    entity = panel.entity
    return replace(panel, entity=replace(entity, labels=tuple(f"new {label}" for label in entity.labels)))


@dataclass(frozen=True, eq=False)
class WithinLearning(NuisanceLearning):
    """Learning at all rows in levels, beside an effect of each entity; those held out are entities unseen.

    What is learned from are those columns that move within entities.
    """

    part_type: ClassVar[type[NuisancePart]] = WithinPart

    @cached_property
    def predicted(self) -> Panel:
        """The rows, as those of entities never seen."""
        return as_new(self.without_outcome)

    def split(self, folds: EntityFolds, fold: int) -> tuple[Ints, Ints]:
        """Return positions of the rows in levels whose entities are learned from, and of the others."""
        known = np.unique(self.rows.panel.entity.codes[folds.others(fold)])
        is_known = np.isin(self.panel.entity.codes, known)
        return np.flatnonzero(is_known), np.flatnonzero(~is_known)

    def held_out(self, values: Floats, folds: EntityFolds, fold: int) -> Floats:
        """Return functions of all levels as predictions of the method's rows held out, (n_values, n_test)."""
        rows, train, test = self.rows, folds.others(fold), folds.held_out(fold)
        targets = np.column_stack([rows.outcome, rows.terms, rows.instruments]).T
        functions = rows.moved.of(values.T).T
        return np.stack(
            [
                with_what_effects_took(function, rows.targeting(target), train, test)
                for function, target in zip(functions, targets, strict=True)
            ]
        )
