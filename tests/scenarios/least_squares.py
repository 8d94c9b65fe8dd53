"""A cheap estimator with draws, least squares on any columns made from a panel, and panels to fit it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from harness import EstimationError, Problem
from harness.plugin import CanFitDraws, Key
from panels import balanced_panel, panel_from_arrays

# Names of the groups of `grouped_panel`.
SIZES = ("large", "small", "tiny")


@dataclass(frozen=True)
class LinearFit:
    design: Callable
    beta: np.ndarray

    def predict(self, panel):
        return self.design(panel) @ self.beta


@dataclass(frozen=True)
class LinearDraws:
    design: Callable
    beta: np.ndarray

    def predict(self, panel):
        return self.beta @ self.design(panel).T


@dataclass(frozen=True)
class LeastSquares:
    """Least squares on ``design(panel)``; refuses panels of fewer than `least` entities."""

    name: ClassVar[str] = "least_squares"
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws})

    design: Callable
    least: int = 0

    def fit(self, panel, *, rng, selection=None):
        if panel.n_entities < self.least:
            raise EstimationError(Problem("least squares", "too few entities"))
        return LinearFit(self.design, np.linalg.lstsq(self.design(panel), panel.observed)[0])

    def fit_draws(self, panel, *, weights, selection, rng):
        columns = self.design(panel)
        squares = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
        cross = (weights @ squares).reshape(len(weights), columns.shape[1], columns.shape[1])
        moments = weights @ (columns * panel.observed[:, None])
        return LinearDraws(self.design, np.linalg.solve(cross, moments[:, :, None])[:, :, 0])


@dataclass(frozen=True)
class Nothing:
    """Learns nothing, so that changes themselves are what is left."""

    name: ClassVar[str] = "nothing"
    provides: ClassVar[frozenset[type]] = frozenset()

    def for_nuisances(self):
        return self

    def fit(self, panel, *, rng, selection=None):
        return self

    def predict(self, panel):
        return np.zeros(panel.n_obs)


def powers(degree):
    """Return the design of a polynomial in the exposure, the other columns beside it."""
    return partial(_powers, degree=degree)


def _powers(panel, *, degree):
    exposure = panel.column(panel.exposure)
    return np.column_stack([exposure**power for power in range(degree + 1)] + [panel.X[:, 1:]])


def crossed(panel):
    """Return the columns 1, x, m and x m of a panel whose first two columns are x and m."""
    x, m = panel.X[:, 0], panel.X[:, 1]
    return np.column_stack([np.ones_like(x), x, m, x * m])


def random_panel(rng, truth, *, n_entities=60, n_periods=6, noise=1.0, low=0.0, high=1.0, columns=("x", "m")):
    """Return a panel of uniform columns whose outcome is ``truth(*columns)`` plus noise.

    Half of the variance of the noise is common to an entity's rows.
    """
    entity, period = (axis.ravel() for axis in np.indices((n_entities, n_periods)))
    X = rng.uniform(low, high, size=(entity.size, len(columns)))
    errors = rng.normal(size=n_entities)[entity] + rng.normal(size=entity.size)
    outcome = truth(*X.T) + noise * errors / np.sqrt(2.0)
    return panel_from_arrays(
        entity=entity, period=period, outcome=outcome, X=X, columns=columns, n_moderators=len(columns) - 1
    )


def grouped_panel(rng, truth, *, shares=(0.5, 0.5), **options):
    """Return a panel whose entities belong to groups, the first share of them to the first group."""
    panel = random_panel(rng, truth, **options)
    bounds = np.cumsum(shares)[:-1] * panel.n_entities
    codes = np.searchsorted(bounds, panel.entity.codes, side="right")
    return replace(panel, groups=(Key("size", SIZES[: len(shares)], codes),))


@dataclass(frozen=True)
class Square:
    """The square of a column."""

    of: str
    into: str

    @property
    def inputs(self):
        return (self.of,)

    def compute(self, columns):
        return columns[self.of] ** 2


@dataclass(frozen=True)
class Product:
    """The product of two columns."""

    first: str
    second: str
    into: str

    @property
    def inputs(self):
        return (self.first, self.second)

    def compute(self, columns):
        return columns[self.first] * columns[self.second]


def squared_panel():
    """Return a panel of an exposure, a control, and the square of the exposure."""
    rng = np.random.default_rng(5)
    x, m = rng.uniform(0, 2, size=(2, 60))
    return balanced_panel(
        (20, 3),
        outcome=np.zeros(60),
        X=np.column_stack([x, m, x**2]),
        columns=("x", "m", "s"),
        derived=(Square(of="x", into="s"),),
    )
