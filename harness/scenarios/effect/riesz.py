"""The Riesz representer of an average derivative, learned by ridge on a dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel

STEP = 0.1
"""Half the step of finite differences, in standard deviations of the exposure."""

PENALTIES = 10.0 ** np.arange(-6.0, 2.0)
"""Candidates, for moments of standardised columns."""

N_FOLDS = 5
"""Folds of entities on which candidates are compared."""


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Functions of the inputs: powers of the exposure, the other columns, their products with the exposure.

    Attributes
    ----------
    centre, scale : (n_columns,), of the training rows
    step : half the step of finite differences, the exposure's unit
    """

    centre: Floats
    scale: Floats
    step: float

    @classmethod
    def of(cls, panel: Panel) -> Self:
        """Return the dictionary in units of training rows."""
        scale = panel.X.std(axis=0)
        step = STEP * float(panel.column(panel.exposure).std())
        return cls(panel.X.mean(axis=0), np.where(scale > 0.0, scale, 1.0), step)

    def values(self, panel: Panel) -> Floats:
        """Return the functions, (n_obs, n_functions)."""
        standard = (panel.X - self.centre) / self.scale
        at = panel.columns.index(panel.exposure)
        exposure, others = standard[:, at], np.delete(standard, at, axis=1)
        powers = np.stack([exposure**power for power in range(5)], axis=1)
        return np.column_stack([powers, others, others * exposure[:, None]])

    def derivatives(self, panel: Panel) -> Floats:
        """Return their derivatives by finite differences, (n_obs, n_functions), per unit of the exposure."""
        exposure = panel.column(panel.exposure)
        up, down = (
            self.values(panel.with_column(panel.exposure, exposure + move))
            for move in (self.step, -self.step)
        )
        return (up - down) / (2.0 * self.step)


def riesz_representer(dictionary: Dictionary, panel: Panel, *, rng: Generator) -> Floats:
    """Return the coefficients of the representer, (n_functions,).

    They make the mean of alpha^2 - 2 D(alpha) least, D the derivative, with a ridge penalty chosen by the
    same loss on entities held out (Chernozhukov, Newey and Singh 2022, with ridge for lasso).

    Parameters
    ----------
    rng : of the folds that the penalty is chosen on
    """
    values, derivatives = dictionary.values(panel), dictionary.derivatives(panel)
    present, entity = np.unique(panel.entity.codes, return_inverse=True)
    fold = rng.permutation(np.arange(present.size) % N_FOLDS)[entity]
    losses = np.zeros(PENALTIES.size)
    for left_out in range(N_FOLDS):
        train, test = fold != left_out, fold == left_out
        path = _ridge_path(values[train], derivatives[train])
        losses += np.square(values[test] @ path).sum(axis=0) - 2.0 * (derivatives[test] @ path).sum(axis=0)
    return np.asarray(_ridge_path(values, derivatives)[:, int(losses.argmin())])


def _ridge_path(values: Floats, derivatives: Floats) -> Floats:
    """Return coefficients for every penalty, (n_functions, n_penalties); the constant's is free."""
    size = np.sqrt(np.square(values).mean(axis=0))
    scaled = values / np.where(size > 0.0, size, 1.0)
    moment = (derivatives / np.where(size > 0.0, size, 1.0)).mean(axis=0)
    sizes, directions = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    shrunk = (directions.T @ moment)[:, None] / (np.maximum(sizes, 0.0)[:, None] + PENALTIES)
    return np.asarray((directions @ shrunk) / np.where(size > 0.0, size, 1.0)[:, None])
