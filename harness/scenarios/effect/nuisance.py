"""The pieces of work of an effect: its nuisance functions on one fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.guard import predict, predict_draws
from harness.estimators.protocol import CanFitOutcomes, Estimator, Fitted
from harness.rng import random_stream
from harness.scenarios.effect.riesz import STEP, Representer, riesz_representer


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
class ExposurePart:
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

    def run(self) -> Floats:
        """Return what is learned at all rows, (n_terms + n_instruments, n_obs).

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        names = [*_numbered("term", self.terms), *_numbered("instrument", self.instruments)]
        return self.means.of(names, np.hstack([self.terms, self.instruments]).T)


@dataclass(frozen=True, eq=False)
class NuisancePart:
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

    def run(self) -> Floats:
        """Return predictions, as `run_with`.

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        return self.run_with([self.exposure.run()])

    def run_with(self, found: Sequence[Floats]) -> Floats:
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
        left = self.centred(terms - terms_hat[train])
        return np.asarray(np.linalg.lstsq(left.T @ terms, left.T @ outcome)[0])


def _numbered(what: str, columns: Floats) -> list[str]:
    return [f"{what} {at}" for at in range(1, columns.shape[1] + 1)]


@dataclass(frozen=True, eq=False)
class DerivativePart:
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

    def run(self) -> Floats:
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
