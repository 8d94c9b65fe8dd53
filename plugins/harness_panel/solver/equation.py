"""Rows made of those of a panel, such as means or differences, their regression and its predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from harness import plugin
from harness.plugin import AbsorbingModels, CanProfile, FittedDraws, Floats, Ints, Panel, Problem, marked
from harness_panel.solver.regression import Regression, judged, level_models
from harness_panel.solver.within import ROUNDING, Absorber, WithinFit, divide, fit_within


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
        both = np.concatenate([self.columns, self.columns[columns]])
        return Centring(both, self.outcome, np.concatenate([largest, largest[columns], outcome]))

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


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of one entity in adjacent periods.

    Attributes
    ----------
    later, earlier : (n_pairs,), positions of the rows
    runs : (n_obs,), which run of adjacent periods of an entity each row is in
    """

    later: Ints
    earlier: Ints
    runs: Ints

    @classmethod
    def of(cls, panel: Panel) -> Pairs:
        """Return the rows that have a row of the same entity one period before.

        Raises
        ------
        EstimationError
            Where no row has one.
        """
        order = np.lexsort((panel.period, panel.entity.codes))
        is_pair = (np.diff(panel.entity.codes[order]) == 0) & (np.diff(panel.period[order]) == 1)
        if not is_pair.any():
            what = marked("no entity has rows in two adjacent periods")
            hint = marked("choose another estimator, or a coarser time step")
            raise plugin.EstimationError(Problem("first differences", what, hint=hint))
        runs = np.empty(panel.n_obs, dtype=np.int64)
        runs[order] = np.concatenate([[0], np.cumsum(~is_pair)])
        return cls(later=order[1:][is_pair], earlier=order[:-1][is_pair], runs=runs)

    def difference(self, values: Floats) -> Floats:
        """Return later less earlier, (n_pairs, n_columns), of values, (n_obs, n_columns).

        Differences of a column that are alike up to the rounding of its level are made equal, so that a
        steady trend is one.
        """
        difference = values[self.later] - values[self.earlier]
        is_steady = np.ptp(difference, axis=0) <= ROUNDING * np.abs(values).max(axis=0)
        return np.asarray(np.where(is_steady, difference[0], difference))

    def differenced(self, panel: Panel) -> Panel:
        """Return the panel of differences, each in its later period."""
        values = self.difference(np.column_stack([panel.X, panel.observed]))
        return replace(panel.take(self.later), X=values[:, :-1], observed=values[:, -1], derived=())

    def weights(self, of_rows: Floats) -> Floats:
        """Return the weights of differences, (n_pairs,), from those of rows, (n_obs,), > 0.

        A row's error has a variance of one over its weight, so that of a difference is the sum of both.
        """
        return 1.0 / (1.0 / of_rows[self.later] + 1.0 / of_rows[self.earlier])


@dataclass(frozen=True)
class TrendColumn(FurtherColumns):
    """A column that grows by one a period; its slope is the constant of differences.

    Attributes
    ----------
    start : period where it is zero
    """

    start: float

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with the trend as its last control."""
        X = np.column_stack([panel.X, panel.period - self.start])
        return replace(panel, controls=(*panel.controls, "(trend)"), X=X)


def difference_models(
    panel: Panel, slopes: Floats, trends: Floats, weights: Floats, *, row_weights: Floats
) -> ExpandedModels:
    """Return models in levels from slopes of differences.

    An entity's effect is the weighted mean over its rows of outcome less x b less trend; of one that a draw
    left out, over all its rows.

    Parameters
    ----------
    slopes : (n_draws, n_columns)
    trends : (n_draws,)
    weights : (n_draws, n_obs), >= 0, how often a row was drawn
    row_weights : (n_obs,), > 0, how much a row counts each time
    """
    entities, trend = plugin.read_effect_set(panel, "entity"), TrendColumn(float(panel.period.mean()))
    expanded, counts = trend.expand(panel), (weights * row_weights).T
    centre, slopes = np.append(panel.X.mean(axis=0), 0.0), np.column_stack([slopes, trends])
    residual = panel.observed[:, None] - (expanded.X - centre) @ slopes.T
    means = divide(entities.sums(counts * residual), entities.sums(counts)).T
    model = level_models([entities], [means], centre=centre, intercept=0.0, slopes=slopes, weights=counts)
    known = model.knowing_omitted(expanded, panel.observed, weights=weights, row_weights=row_weights)
    return ExpandedModels(trend, known)
