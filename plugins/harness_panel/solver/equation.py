"""Rows made of those of a panel, such as means or differences, and their regression."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from harness.plugin import AbsorbingModels, CanProfile, FittedDraws, Floats, Ints, Panel
from harness_panel.solver.absorb import Absorber
from harness_panel.solver.regression import Regression, judged
from harness_panel.solver.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class Centring:
    """Levels of columns and outcome that an equation is written without.

    A mean of numbers of size 1e9 is off by 1e-7, a mean of their deviations is not. Equations in means of
    entities are therefore made of deviations from these levels, which only move their constant.

    Attributes
    ----------
    columns : (n_columns,), units of the columns
    outcome : outcome units
    largest : (n_columns + 1,), largest size of columns and outcome with their levels, to which rounding is in
        proportion whatever becomes of the rows
    """

    columns: Floats
    outcome: float
    largest: Floats

    @classmethod
    def at_means(cls, panel: Panel) -> tuple[Panel, Centring]:
        """Return the panel without the means of columns and outcome over the rows, and these."""
        levels = cls(panel.X.mean(axis=0), float(panel.observed.mean()), _largest(panel))
        X, observed = panel.X - levels.columns, panel.observed - levels.outcome
        return replace(panel, X=X, observed=observed, derived=()), levels

    @classmethod
    def at_zero(cls, panel: Panel) -> Centring:
        """Return levels of zero, for rows that are differenced."""
        return cls(np.zeros(panel.X.shape[1]), 0.0, _largest(panel))

    def with_means(self, columns: Ints) -> Centring:
        """Return the levels of the columns and, after them, of the entity means of some of them."""
        largest, outcome = self.largest[:-1], self.largest[-1:]
        return Centring(
            columns=np.concatenate([self.columns, self.columns[columns]]),
            outcome=self.outcome,
            largest=np.concatenate([largest, largest[columns], outcome]),
        )

    def put_back(self, panel: Panel) -> Panel:
        """Return a panel that was made of rows without the levels with them."""
        return replace(panel, X=panel.X + self.columns, observed=panel.observed + self.outcome, derived=())

    def put_back_into(self, fit: WithinFit) -> WithinFit:
        """Return the fit of the same equation with the levels; only its constant moves."""
        return replace(fit, centre=fit.centre + self.columns, intercept=fit.intercept + self.outcome)


def _largest(panel: Panel) -> Floats:
    return np.append(np.abs(panel.X).max(axis=0), np.abs(panel.observed).max())


class LinearModels(FittedDraws, CanProfile, Protocol):
    """Models whose predictions are linear in their columns, one a draw."""


class FurtherColumns(ABC):
    """Further columns that follow from those of a panel, such as powers of the exposure, or a trend."""

    @abstractmethod
    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the columns as its last controls."""

    def means_at(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over rows of every column of the expanded panel, (n_points, n_columns).

        Parameters
        ----------
        columns : regressors that get the same value in all rows
        points : (n_points, n_moved), units of the columns
        """
        moved = (panel.with_columns(dict(zip(columns, point, strict=True))) for point in points.tolist())
        return np.stack([self.expand(rows).X.mean(axis=0) for rows in moved])


@dataclass(frozen=True, eq=False)
class ExpandedModels:
    """Linear models, one a draw.

    Attributes
    ----------
    terms : added to a panel before it is predicted
    draws : of the expanded panel
    """

    terms: FurtherColumns
    draws: AbsorbingModels

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.draws.predict(self.terms.expand(panel))

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return self.draws.mean_predictions(panel, self.terms.means_at(panel, columns, points))


@dataclass(frozen=True, eq=False)
class OneByOne:
    """Models of draws that share neither columns nor levels."""

    models: Sequence[LinearModels]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return np.concatenate([model.predict(panel) for model in self.models])

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_draws, n_points), as `harness.plugin.CanProfile` has it."""
        return np.concatenate([model.profile(panel, columns, points) for model in self.models])


@dataclass(frozen=True, eq=False)
class Equation:
    """Rows made of those of a panel, such as means or differences, to be regressed on their columns.

    Attributes
    ----------
    panel : the rows, without their levels
    centring : the levels, which the fit has again
    absorber : takes out a constant, or nothing
    weights : (n_rows,), >= 0, not all zero
    """

    panel: Panel
    centring: Centring
    absorber: Absorber
    weights: Floats

    def fit(self) -> WithinFit:
        """Return the fit, unjudged."""
        bare = fit_within(
            self.panel.X, self.panel.observed, self.weights, self.absorber, largest=self.centring.largest
        )
        return self.centring.put_back_into(bare)

    def regression(self) -> Regression:
        """Return the fit of rows that all have weight.

        Raises
        ------
        EstimationError
            As by `regress`.
        """
        return judged(self.centring.put_back(self.panel), self.absorber, self.fit(), self.weights)

    def model(self, fit: WithinFit) -> AbsorbingModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw."""
        centre = self.centring.columns
        return AbsorbingModels(centre, fit.slopes[None], np.array([fit.level_at(centre)]))
