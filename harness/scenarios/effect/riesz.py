"""The Riesz representer of an average derivative, learned by ridge or lasso on a dictionary, or a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel

# Units of the hidden layer.
N_HIDDEN = 8

# Candidate penalties of squared weights.
DECAYS = (1e-3, 1e-2, 1e-1)

# Steps of L-BFGS; a penalty, not an early stop, keeps the network smooth.
MOST_STEPS = 150

# Folds of entities on which penalties are compared.
N_FOLDS = 5


def entity_folds(panel: Panel, rng: Generator) -> Ints:
    """Return the fold of every row, (n_obs,), whole entities dealt at random."""
    present, entity = np.unique(panel.entity.codes, return_inverse=True)
    return np.asarray(rng.permutation(np.arange(present.size) % N_FOLDS)[entity])


def network_representer(train: Panel, test: Panel, *, step: float, rng: Generator) -> Floats:
    """Return the representer at the rows of a panel, (n_test,), learned from those of another.

    Parameters
    ----------
    step : half the step of finite differences, the exposure's unit
    rng : of folds and first weights
    """
    centre, scale = train.X.mean(axis=0), train.X.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    at = train.columns.index(train.exposure)
    X = (train.X - centre) / scale
    fold = entity_folds(train, rng) == 0
    start = rng.standard_normal((X.shape[1] + 2) * N_HIDDEN + 1) / np.sqrt(X.shape[1] + 1.0)
    rows = _NetworkRows(X, at, step, float(scale[at]))
    own, other = replace(rows, X=X[~fold]), replace(rows, X=X[fold])
    losses = [other.loss(own.fitted(start, decay))[0] for decay in DECAYS]
    best = rows.fitted(start, DECAYS[int(np.argmin(losses))])
    return _passed(best, (test.X - centre) / scale)[1]


def _unpacked(flat: Floats, n_inputs: int) -> tuple[Floats, Floats]:
    """Return weights, (n_inputs + 1, n_hidden), and those of the output, (n_hidden + 1,), constants last."""
    inner = flat[: (n_inputs + 1) * N_HIDDEN].reshape(n_inputs + 1, N_HIDDEN)
    return inner, flat[(n_inputs + 1) * N_HIDDEN :]


def _passed(flat: Floats, X: Floats) -> tuple[Floats, Floats]:
    """Return hidden values of a network, (n_obs, n_hidden), and its output, (n_obs,)."""
    inner, outer = _unpacked(flat, X.shape[1])
    hidden = np.tanh(X @ inner[:-1] + inner[-1])
    return hidden, np.asarray(hidden @ outer[:-1] + float(outer[-1]))


@dataclass(frozen=True, eq=False)
class _NetworkRows:
    """Standardised rows that a network learns from, and where the exposure and its step are among them."""

    X: Floats
    at: int
    step: float
    scale: float

    def loss(self, flat: Floats) -> tuple[float, Floats]:
        """Return the mean of alpha^2 - 2 D(alpha), D by finite differences, and its gradient."""
        n_obs = len(self.X)
        hidden, alpha = _passed(flat, self.X)
        loss = float(np.square(alpha).mean())
        gradient = _gradient(flat, self.X, hidden, 2.0 * alpha / n_obs)
        for sign in (1.0, -1.0):
            moved = self.X.copy()
            moved[:, self.at] += sign * self.step / self.scale
            hidden, alpha = _passed(flat, moved)
            slope = np.full(n_obs, -sign / (self.step * n_obs))
            loss += float(slope @ alpha)
            gradient = gradient + _gradient(flat, moved, hidden, slope)
        return loss, gradient

    def fitted(self, start: Floats, decay: float) -> Floats:
        """Return the weights at the least penalised loss found from a start."""
        from scipy.optimize import minimize

        def penalised(flat: Floats) -> tuple[float, Floats]:
            loss, gradient = self.loss(flat)
            return loss + decay * float(np.square(flat).mean()), gradient + 2.0 * decay * flat / flat.size

        found = minimize(penalised, start, jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
        return np.asarray(found.x)


def _gradient(flat: Floats, X: Floats, hidden: Floats, slope: Floats) -> Floats:
    """Return the derivative of a loss by all weights, given that by the output, (n_obs,)."""
    outputs = _unpacked(flat, X.shape[1])[1][:-1]
    inner = slope[:, None] * outputs * (1.0 - np.square(hidden))
    return np.concatenate([(X.T @ inner).ravel(), inner.sum(axis=0), hidden.T @ slope, [slope.sum()]])


# What learns the representer.
Representer = Literal["ridge", "lasso", "network"]

# Half the step of finite differences, in standard deviations of the exposure.
STEP = 0.1

# Of the polynomial of the exposure.
DEGREE = 8

# Terms of the polynomial that go with each other column.
N_PRODUCTS = 3

# Half ranges beyond which the polynomial goes on level.
OUTSIDE = 1.05

# Candidates, for moments of standardised columns.
PENALTIES = 10.0 ** np.arange(-6.0, 2.0)

# Rounds of coordinate descent after which a fit stops.
MOST_ROUNDS = 100

# Change of standardised coefficients at which it is at its optimum.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Functions of the inputs: a polynomial of the exposure, the other columns, their squares and products.

    The polynomial is high enough to weigh the ends of the exposure's range, where few rows are; each other
    column goes with its first three terms.

    Attributes
    ----------
    centre : (n_columns,), means of the training rows
    low, high : range of the exposure there
    step : half the step of finite differences, the exposure's unit
    """

    centre: Floats
    low: float
    high: float
    step: float

    @classmethod
    def of(cls, panel: Panel) -> Self:
        """Return the dictionary of training rows."""
        exposure = panel.column(panel.exposure)
        limits = float(exposure.min()), float(exposure.max())
        step = STEP * float(exposure.std())
        return cls(panel.X.mean(axis=0), *limits, step)

    def values(self, panel: Panel) -> Floats:
        """Return the functions, (n_obs, n_functions)."""
        at = panel.columns.index(panel.exposure)
        others = np.delete(panel.X - self.centre, at, axis=1)
        at_term = 2.0 * (panel.column(panel.exposure) - self.low) / (self.high - self.low) - 1.0
        terms = legvander(np.clip(at_term, -OUTSIDE, OUTSIDE), DEGREE)
        products = [others * terms[:, [degree]] for degree in range(1, N_PRODUCTS + 1)]
        return np.column_stack([terms, others, np.square(others), *products])

    def derivatives(self, panel: Panel) -> Floats:
        """Return their derivatives by finite differences, (n_obs, n_functions), per unit of the exposure."""
        at, step = panel.column(panel.exposure), self.step
        up, down = (self.values(panel.with_column(panel.exposure, at + move)) for move in (step, -step))
        return (up - down) / (2.0 * step)


def riesz_representer(kind: Representer, train: Panel, test: Panel, *, rng: Generator) -> Floats:
    """Return the representer at the rows of a panel, (n_test,), learned from those of another.

    It makes the mean of alpha^2 - 2 D(alpha) least, D the derivative, with the penalty that has the least
    such loss on entities held out (Chernozhukov, Newey and Singh 2022; of networks Chernozhukov, Newey,
    Quintas-Martinez and Syrgkanis 2022).

    Parameters
    ----------
    rng : of the folds that the penalty is chosen on, and of a network's first weights
    """
    if kind == "network":
        return network_representer(train, test, step=Dictionary.of(train).step, rng=rng)
    path = _ridge_path if kind == "ridge" else _lasso_path
    dictionary = Dictionary.of(train)
    values, derivatives = dictionary.values(train), dictionary.derivatives(train)
    fold = entity_folds(train, rng)
    losses = np.zeros(PENALTIES.size)
    for left_out in range(N_FOLDS):
        others, held_out = fold != left_out, fold == left_out
        found = path(values[others], derivatives[others])
        slopes = (derivatives[held_out] @ found).sum(axis=0)
        losses += np.square(values[held_out] @ found).sum(axis=0) - 2.0 * slopes
    return np.asarray(dictionary.values(test) @ path(values, derivatives)[:, int(losses.argmin())])


def _sizes(values: Floats) -> Floats:
    """Return root mean squares of functions, (n_functions,); one of a function that is zero."""
    size = np.sqrt(np.square(values).mean(axis=0))
    return np.where(size > 0.0, size, 1.0)


def _lasso_path(values: Floats, derivatives: Floats) -> Floats:
    """Return coefficients for every penalty, (n_functions, n_penalties); the constant's is free.

    Coordinate descent on the moments of standardised functions, whose squares have mean one, from the largest
    penalty to the least, each fit starting from the one before (Friedman, Hastie and Tibshirani 2010).
    """
    size = _sizes(values)
    scaled = values / size
    gram, moment = scaled.T @ scaled / len(scaled), (derivatives / size).mean(axis=0)
    slopes, found = np.zeros(moment.size), np.empty((moment.size, PENALTIES.size))
    for at in range(PENALTIES.size - 1, -1, -1):
        thresholds = np.full(moment.size, PENALTIES[at])
        thresholds[0] = 0.0
        for _ in range(MOST_ROUNDS):
            before = slopes.copy()
            for term in range(moment.size):
                remainder = moment[term] - gram[term] @ slopes + slopes[term]
                slopes[term] = np.sign(remainder) * max(abs(remainder) - thresholds[term], 0.0)
            if np.abs(slopes - before).max() < TOLERANCE:
                break
        found[:, at] = slopes
    return found / size[:, None]


def _ridge_path(values: Floats, derivatives: Floats) -> Floats:
    """Return coefficients for every penalty, (n_functions, n_penalties); the constant's is free."""
    size = _sizes(values)
    scaled, moment = values / size, (derivatives / size).mean(axis=0)
    sizes, directions = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    shrunk = (directions.T @ moment)[:, None] / (np.maximum(sizes, 0.0)[:, None] + PENALTIES)
    return np.asarray((directions @ shrunk) / size[:, None])
