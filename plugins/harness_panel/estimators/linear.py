"""What the linear estimators of panels have in common: our own solver fits, and a library reports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Generic, Self, TypeVar

from numpy.random import Generator

from harness.plugin import (
    CanFitDraws,
    CanFitFolds,
    CanProfile,
    DrawSelection,
    Floats,
    HasCoefficients,
    HasDetails,
    HasNotes,
    NeedsGroups,
    Panel,
)
from harness_panel.covariance import Covariance, columns_of
from harness_panel.covariance.independent import PredictionsAlone
from harness_panel.results.library import LibraryData, LibraryModel, report_of
from harness_panel.results.linear_fit import LinearFit
from harness_panel.solver.regression import LinearModels

LINEAR: frozenset[type] = frozenset(
    {CanFitDraws, CanFitFolds, CanProfile, HasCoefficients, HasDetails, HasNotes, NeedsGroups}
)
"""Capabilities of every linear estimator."""

FitT = TypeVar("FitT", bound=LinearFit)


class LinearEstimator(ABC, Generic[FitT]):
    """An estimator that a library reports, and that our own solver repeats on draws and folds.

    Attributes
    ----------
    covariance : how uncertain the coefficients are
    """

    covariance: Covariance

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns of the data, beside the keys, whose levels are clusters."""
        return columns_of(self.covariance)

    def for_folds(self) -> Self:
        """Return a copy whose fits only predict, so that no library is asked for a table nobody reads."""
        return replace(self, covariance=PredictionsAlone())  # type: ignore[type-var]

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> FitT:
        """Fit on all rows of a panel.

        Parameters
        ----------
        rng : of covariances that draw; the others leave it alone

        Raises
        ------
        EstimationError
            Where the outcome does not vary, rows are too few, or the exposure is constant, absorbed by
            effects or determined by other columns; where a variance of random effects has no degrees of
            freedom, or no rows are adjacent; where columns or weights are asked for that the panel lacks.
        """
        fit = self._solve(panel)
        if isinstance(self.covariance, PredictionsAlone):
            return fit
        model, data = self._in_library(fit)
        return replace(fit, report=report_of(model, data, self.covariance, rng=rng))

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> LinearModels:
        """Fit by weighted least squares once a draw; weights is (n_draws, n_obs), >= 0.

        They multiply the weights of the rows, if these have any. Where entities are averaged or have random
        effects, one drawn k times with all its rows counts as k; a difference counts as often as the less
        frequent of its two rows. The effect of a level without weight in a draw is that of all its rows,
        given the draw's slopes and its other levels; a column that a draw cannot tell apart has slope zero.

        Raises
        ------
        EstimationError
            Where a draw has no row, no two adjacent ones for differences, or no degrees of freedom.
        """
        return self._solve_draws(panel, weights)

    @abstractmethod
    def _solve(self, panel: Panel) -> FitT:
        """Return the fit by our own solver, without a report."""

    @abstractmethod
    def _in_library(self, fit: FitT) -> tuple[LibraryModel, LibraryData]:
        """Return the library's class that reports a fit by `_solve`, and the rows that it is handed."""

    @abstractmethod
    def _solve_draws(self, panel: Panel, weights: Floats) -> LinearModels:
        """Return fits of draws, which `fit_draws` describes."""
