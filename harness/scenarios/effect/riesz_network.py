"""The Riesz representer of an average derivative as a network of one hidden layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel

N_HIDDEN = 8
"""Units of the hidden layer."""

DECAYS = (1e-3, 1e-2, 1e-1)
"""Candidate penalties of squared weights."""

MOST_STEPS = 150
"""Steps of L-BFGS; a penalty, not an early stop, keeps the network smooth."""

N_FOLDS = 5
"""Folds of entities on which penalties are compared."""


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
    losses = []
    for decay in DECAYS:
        own = _Rows(X[~fold], at, step, float(scale[at]))
        losses.append(_Rows(X[fold], at, step, float(scale[at])).loss(own.fitted(start, decay))[0])
    whole = _Rows(X, at, step, float(scale[at]))
    best = whole.fitted(start, DECAYS[int(np.argmin(losses))])
    return _Network.of(best, X.shape[1]).forward((test.X - centre) / scale)[1]


@dataclass(frozen=True, eq=False)
class _Network:
    """Weights (n_inputs, n_hidden), their constants and those of the output."""

    weights: Floats
    constants: Floats
    outputs: Floats
    constant: float

    @classmethod
    def of(cls, flat: Floats, n_inputs: int) -> _Network:
        weights = flat[: n_inputs * N_HIDDEN].reshape(n_inputs, N_HIDDEN)
        constants, outputs = flat[n_inputs * N_HIDDEN : -1].reshape(2, N_HIDDEN)
        return cls(weights, constants, outputs, float(flat[-1]))

    def forward(self, X: Floats) -> tuple[Floats, Floats]:
        """Return hidden values, (n_obs, n_hidden), and the output, (n_obs,)."""
        hidden = np.tanh(X @ self.weights + self.constants)
        return hidden, np.asarray(hidden @ self.outputs + self.constant)

    def gradient(self, X: Floats, hidden: Floats, slope: Floats) -> Floats:
        """Return the derivative of a loss by all weights, given that by the output, (n_obs,)."""
        inner = slope[:, None] * self.outputs * (1.0 - np.square(hidden))
        parts = [(X.T @ inner).ravel(), inner.sum(axis=0), hidden.T @ slope, [slope.sum()]]
        return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Standardised rows, and where the exposure and its step are among them."""

    X: Floats
    at: int
    step: float
    scale: float

    def loss(self, flat: Floats) -> tuple[float, Floats]:
        """Return the mean of alpha^2 - 2 D(alpha), D by finite differences, and its gradient."""
        network = _Network.of(flat, self.X.shape[1])
        n_obs = len(self.X)
        hidden, alpha = network.forward(self.X)
        loss = float(np.square(alpha).mean())
        gradient = network.gradient(self.X, hidden, 2.0 * alpha / n_obs)
        for sign in (1.0, -1.0):
            moved = self.X.copy()
            moved[:, self.at] += sign * self.step / self.scale
            hidden, alpha = network.forward(moved)
            slope = np.full(n_obs, -sign / (self.step * n_obs))
            loss += float(slope @ alpha)
            gradient = gradient + network.gradient(moved, hidden, slope)
        return loss, gradient

    def fitted(self, start: Floats, decay: float) -> Floats:
        """Return the weights at the least penalised loss found from a start."""
        from scipy.optimize import minimize

        def penalised(flat: Floats) -> tuple[float, Floats]:
            loss, gradient = self.loss(flat)
            return loss + decay * float(np.square(flat).mean()), gradient + 2.0 * decay * flat / flat.size

        found = minimize(penalised, start, jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
        return np.asarray(found.x)
