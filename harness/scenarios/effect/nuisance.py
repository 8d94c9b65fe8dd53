"""The nuisance functions of an effect: the pieces of work on one fold, and how they are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel, deviations, means_by
from harness.estimators.guard import predict, predict_draws
from harness.estimators.protocol import CanFitOutcomes, CanLearnNuisances, Estimator, Fitted
from harness.language import COMMAS, chained, marked
from harness.rng import random_stream
from harness.scenarios.effect.riesz import STEP, Representer, riesz_representer
from harness.scenarios.effect.score import EntityFolds
from harness.scenarios.effect.terms import NuisanceDesign
from harness.scenarios.scenario import Part, Subject

# Share of a target's range below which what least squares leave is rounding.
ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class _Constant:
    mean: float

    def predict(self, panel: Panel) -> Floats:
        return np.full(panel.n_obs, self.mean)


@dataclass(frozen=True, eq=False)
class _LeastSquares:
    """Least squares of a target on all inputs: a learner starts from it that has no straight lines itself."""

    slopes: Floats

    @classmethod
    def of(cls, rows: Panel) -> Self:
        return cls(np.asarray(np.linalg.lstsq(_with_constant(rows.X), rows.observed)[0]))

    def predict(self, panel: Panel) -> Floats:
        return np.asarray(_with_constant(panel.X) @ self.slopes)


def _with_constant(X: Floats) -> Floats:
    return np.column_stack([np.ones(len(X)), X])


@dataclass(frozen=True, eq=False)
class _Sum:
    start: Fitted
    further: Fitted

    def predict(self, panel: Panel) -> Floats:
        return np.asarray(self.start.predict(panel) + self.further.predict(panel))


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
        """Fit a target, (n_obs,), on the training rows; one that does not vary there is its mean.

        An estimator that does not say how it learns for an effect (`CanLearnNuisances`) learns what least
        squares leave. Trees by themselves cut a line into steps, and what that leaves of the means of an
        entity in exposure and outcome alike is an effect where there is none.
        """
        observed, rng = values[self.train], self._rng(target)
        if np.ptp(observed) == 0.0:
            return _Constant(float(observed[0]))
        rows = replace(self.panel, observed=values).take(self.train)
        if isinstance(self.estimator, CanLearnNuisances):
            return self.estimator.fit(rows, rng=rng)
        start = _LeastSquares.of(rows)
        residual = rows.observed - start.predict(rows)
        if np.ptp(residual) <= ROUNDING * np.ptp(observed):
            return start
        return _Sum(start, self.estimator.fit(replace(rows, observed=residual), rng=rng))

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
    test : (n_test,), positions of the rows held out; None of functions next to an effect of each entity,
        which are given at all rows, in levels
    """

    means: ConditionalMeans
    exposure: ExposurePart
    test: Ints | None

    @property
    def needs(self) -> tuple[ExposurePart, ...]:
        """What it rests on."""
        return (self.exposure,)

    def run(self, found: Sequence[Floats]) -> Floats:
        """Return predictions of the rows held out, or functions, (1 + n_terms + n_instruments, ...).

        The outcome is first.

        Parameters
        ----------
        found : what is learned of the exposure, alone, (n_terms + n_instruments, n_obs)

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        (of_exposure,), terms = found, self.exposure.terms
        terms_hat = of_exposure[: terms.shape[1]]
        slopes = self._first_slopes(terms_hat.T)
        less = self.means.of(["outcome"], (self.means.panel.observed - terms @ slopes)[None])
        learned = np.vstack([less + slopes @ terms_hat, of_exposure])
        return learned if self.test is None else learned[:, self.test]

    def _first_slopes(self, terms_hat: Floats) -> Floats:
        """Return slopes of the outcome, (n_terms,), by the residuals of the terms in the training rows.

        Residuals stand as an instrument of the term, since a learner that fits its rows closely leaves less
        of them than there is. An instrumented term has none: its residuals move with the errors.
        """
        train, part, panel = self.means.train, self.exposure, self.means.panel
        if part.instruments.shape[1]:
            return np.zeros(part.terms.shape[1])
        terms, outcome = part.terms[train], panel.observed[train]
        residuals = terms - terms_hat[train]
        if self.test is None:
            residuals = deviations(residuals, panel.entity.codes[train])
        else:
            residuals = residuals - residuals.mean(axis=0)
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


def with_absorbed(function: Floats, rows: Panel, train: Ints, test: Ints) -> Floats:
    """Return predictions of the rows held out, (n_test,): a function, and least squares of its residuals.

    Least squares on the inputs of the method add what effects absorbed: the part of an entity's constant that
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
class NuisanceLearning:
    """From which rows nuisance functions are learned, and for which.

    They are learned at the rows of the method, from those outside a fold, for those in it; or at all rows in
    levels, next to an effect of each entity, and those held out are then entities never seen.

    Attributes
    ----------
    learner : learns the functions
    inputs : what they are functions of, as labels have it
    design : of the method
    terms, instruments : (n_learned, n_terms) and (n_learned, n_instruments), at the rows learned from
    levels : rows in levels whose columns move within entities; None where the rows of the method are learned
        from
    """

    learner: Estimator
    inputs: str
    design: NuisanceDesign
    terms: Floats
    instruments: Floats
    levels: Panel | None = None

    def split(self, folds: EntityFolds, fold: int) -> tuple[Ints, Ints]:
        """Return positions of the rows that are learned from and of those held out."""
        train, test = folds.others(fold), folds.held_out(fold)
        if self.levels is None:
            return train, test
        is_known = np.isin(self.levels.entity.codes, np.unique(self.design.panel.entity.codes[train]))
        return np.flatnonzero(is_known), np.flatnonzero(~is_known)

    @cached_property
    def _panels(self) -> tuple[Panel, Panel, Panel]:
        """The rows that are learned from, the same for all outcomes, and where targets are predicted."""
        panel = self.design.targeting(self.design.outcome) if self.levels is None else self.levels
        shared = replace(panel, outcome="", observed=np.zeros(panel.n_obs))
        return panel, shared, shared if self.levels is None else as_new(shared)

    def means(self, label: str, subject: Subject, train: Ints) -> ConditionalMeans:
        """Return what learns from some rows the means of targets."""
        panel, _, predicted = self._panels
        return ConditionalMeans(label, subject.name, self.learner, panel, predicted, train, subject.seed)

    def part(self, label: str, subject: Subject, folds: EntityFolds, fold: int) -> NuisancePart:
        """Return the functions of a fold."""
        train, test = self.split(folds, fold)
        means = self.means(label, subject, train)
        shared = replace(means, panel=self._panels[1])
        exposure = ExposurePart(
            chained((label, marked("exposure")), COMMAS), shared, self.terms, self.instruments
        )
        return NuisancePart(label, means, exposure, test if self.levels is None else None)

    def held_out(self, values: Floats, folds: EntityFolds, fold: int) -> Floats:
        """Return what a part gave as predictions of the method's rows held out, (n_values, n_test)."""
        if self.levels is None:
            return values
        design, train, test = self.design, folds.others(fold), folds.held_out(fold)
        targets = np.column_stack([design.outcome, design.terms, design.instruments]).T
        pairs = zip(design.transformed(values.T).T, targets, strict=True)
        return np.stack(
            [with_absorbed(function, design.targeting(target), train, test) for function, target in pairs]
        )
