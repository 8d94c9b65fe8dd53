"""The spatial Durbin equation, estimated: y = rho W y + X b + W X t + effects + errors.

Our own, since spreg needs Python 3.12 and libpysal, which needs geopandas, and its panels are balanced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np

from harness.plugin import EstimationError, Floats, Ints, Panel, marked
from harness_panel.solver.regression import Dimension, Regression, regress
from harness_panel.solver.within import without_effects
from harness_panel.spatial.network import LAG, Network

# What the effects cost: ``adjusted`` counts what they take of the score, ``direct`` leaves it in.
Likelihood = Literal["adjusted", "direct"]

# Largest size of rho that is looked for; the matrix is singular at one.
MOST = 0.9999


@dataclass(frozen=True, eq=False)
class DurbinEquation:
    """Outcome and neighbours' outcome regressed on columns, neighbours' columns and effects.

    Attributes
    ----------
    network : weights of neighbours
    panel : rows with neighbours' columns
    outcome, neighbours : regressions of the outcome and of the neighbours' mean outcome
    free : (n, n) for each group of the network, the sum over its periods of the blocks of the projection
        that takes effects out; only identities where the likelihood is direct
    df : rows less independent effects; rows where it is direct
    """

    network: Network
    panel: Panel
    outcome: Regression
    neighbours: Regression
    free: tuple[Floats, ...]
    df: int

    @classmethod
    def of(
        cls, panel: Panel, network: Network, effects: tuple[Dimension, ...], likelihood: Likelihood
    ) -> Self:
        """Return the equation of a panel.

        Raises
        ------
        EstimationError
            As by `regress`.
        """
        extended = network.with_lags(panel)
        outcome = regress(extended, effects)
        lagged = replace(extended, observed=network.lag(panel.observed[:, None])[:, 0])
        neighbours = regress(lagged, effects)
        if likelihood == "direct":
            free = tuple(len(rows) * np.eye(len(matrix)) for matrix, rows in network.groups)
            return cls(network, extended, outcome, neighbours, free, panel.n_obs)
        free = tuple(free_blocks(outcome, rows) for _, rows in network.groups)
        return cls(network, extended, outcome, neighbours, free, panel.n_obs - outcome.n_effects)

    def estimate(self) -> DurbinEstimate:
        """Return the estimate where the score of rho is zero (Lee & Yu 2010, on any panel).

        With effects, the expected score of direct maximum likelihood is not zero at the true rho: of
        ``tr G``, ``G = W (I - rho W)^-1``, only ``tr M G`` is left once M takes effects out. With weights
        that do not change and all entities in all periods this is their transformation approach.

        Raises
        ------
        EstimationError
            Where the score has no zero between -1 and 1.
        """
        from scipy.optimize import brentq

        own, other = self.outcome.within.residuals, self.neighbours.within.residuals

        def score(rho: float) -> float:
            left = own - rho * other
            return self.df * float(left @ other) / float(left @ left) - self.traces(rho)[0]

        if not score(-MOST) > 0.0 > score(MOST):
            what = marked("the likelihood has no maximum for a spatial coefficient between -1 and 1")
            raise EstimationError.at("rho", what, hint=marked("take fewer neighbours, or more rows"))
        rho = float(brentq(score, -MOST, MOST, xtol=1e-13, rtol=1e-14))
        filtered = self.outcome.panel.observed - rho * self.neighbours.panel.observed
        regression = regress(replace(self.panel, observed=filtered), self.outcome.effects)
        return DurbinEstimate(self, rho, regression)

    def traces(self, rho: float) -> tuple[float, float]:
        """Return tr M G, and tr M G G + tr M G G', of all periods."""
        first = second = 0.0
        for (matrix, _), free in zip(self.network.groups, self.free, strict=True):
            spread = np.linalg.solve((np.eye(len(matrix)) - rho * matrix).T, matrix.T).T
            first += float(np.sum(free * spread.T))
            second += float(np.sum(free * (spread @ (spread + spread.T)).T))
        return first, second


def free_blocks(regression: Regression, rows: Ints) -> Floats:
    """Return the sum over periods of what the projection that takes effects out is within each, (n, n).

    Parameters
    ----------
    rows : (n_periods, n), of the periods
    """
    starts = np.cumsum([0, *(own.n_levels for own in regression.sets)])
    codes = np.stack([start + own.codes for start, own in zip(starts, regression.sets, strict=False)])
    counts = np.zeros((starts[-1], starts[-1]))
    np.add.at(counts, (codes[:, None], codes[None]), 1.0)
    inverse = np.linalg.pinv(counts, hermitian=True)
    total = len(rows) * np.eye(rows.shape[1])
    for own in np.moveaxis(codes[:, rows], 1, 0):
        total -= inverse[own[:, None, :, None], own[None, :, None, :]].sum(axis=(0, 1))
    return total


@dataclass(frozen=True, eq=False)
class DurbinEstimate:
    """The estimated equation.

    Attributes
    ----------
    equation : that was estimated
    rho : coefficient of the neighbours' mean outcome, in (-1, 1)
    regression : of the outcome less rho times the neighbours' mean
    """

    equation: DurbinEquation
    rho: float
    regression: Regression

    @property
    def coefficients(self) -> Floats:
        """Slopes of the kept columns and, last, rho."""
        return np.append(self.regression.estimate, self.rho)

    @property
    def variance(self) -> float:
        """Variance of the errors."""
        return self.regression.rss / self.equation.df

    @cached_property
    def given_rho(self) -> Floats:
        """Covariance of the slopes if rho were known, (n_coef, n_coef)."""
        turn = self.regression.to_coefficients
        return np.asarray(self.variance * turn @ turn.T)

    @cached_property
    def covariance(self) -> Floats:
        """Inverse information of slopes and rho, (n_coef + 1, n_coef + 1); errors independent and alike."""
        equation, regression = self.equation, self.regression
        fitted = regression.panel.observed - regression.within.residuals
        spread = equation.network.lag(equation.network.solve(self.rho, fitted[:, None]))
        moved = without_effects(regression.absorber, spread, regression.weights)[:, 0]
        along = regression.basis.T @ moved
        first, second = equation.traces(self.rho)
        beyond = float(moved @ moved) - float(along @ along)
        of_rho = 1.0 / (beyond / self.variance + second - 2.0 * first**2 / equation.df)
        turn = np.append(-regression.to_coefficients @ along, 1.0)
        matrix = of_rho * np.outer(turn, turn)
        matrix[:-1, :-1] += self.given_rho
        return matrix

    def slopes_of(self, name: str) -> Floats:
        """Return what picks a column's slope and that of its neighbours' mean, (2, n_coef + 1).

        A row is zero where the column was dropped.
        """
        terms = [*self.regression.terms, ""]
        return np.array([[float(term == wanted) for term in terms] for wanted in (name, f"{LAG}{name}")])
