"""What fitting returns: predictions, coefficients, notes, statistics and tests of one fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from harness.plugin import (
    CoefficientTable,
    EstimationError,
    Floats,
    LevelModels,
    Note,
    Panel,
    Problem,
    ShownFit,
    Statistic,
    key_of,
    statistic_columns,
)
from harness_panel.diagnostics.diagnostic import Check, Diagnostic, Refusal, diagnostic_columns, outcome_of
from harness_panel.diagnostics.effects import wald_of_slopes
from harness_panel.diagnostics.influence import influence_columns
from harness_panel.diagnostics.residuals import pesaran, wooldridge
from harness_panel.resampling.effect import in_order
from harness_panel.resampling.levels import LinearModels
from harness_panel.resampling.regression import Regression
from harness_panel.results.library import LibraryReport
from harness_panel.results.statistics import agreement_statistic, equation_statistics, panel_statistics


@dataclass(frozen=True, eq=False, repr=False)
class LinearFit(ShownFit):
    """One fit of a linear model.

    Attributes
    ----------
    rows : what it was fitted on
    regression : the equation that was estimated
    model : columns and levels; one draw
    report : what a library says of the regression; None where only predictions were asked for
    title : what kind of fit it is, for readers
    """

    title: ClassVar[str] = "Least squares"

    rows: Panel
    regression: Regression
    model: LevelModels
    report: LibraryReport | None = None

    @property
    def reported(self) -> LibraryReport:
        """What a library says of the regression.

        Raises
        ------
        EstimationError
            Where only predictions were asked for.
        """
        if self.report is None:
            raise EstimationError(
                Problem("coefficients", "this fit only predicts", hint="fit without `for_folds`")
            )
        return self.report

    @property
    def table(self) -> CoefficientTable:
        """Estimates of the kept columns with their covariance."""
        return self.reported.table

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, whether the rest is close to collinear, and whether two solvers disagree."""
        return (*self.regression.notes, *(self.report.notes if self.report else ()))

    @property
    def predictor(self) -> LinearModels:
        """What predicts; one draw."""
        return self.model

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted: Floats = self.predictor.predict(panel)[0]
        return predicted

    def profile(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return mean predictions, (n_points,), as `harness.plugin.CanProfile` has it."""
        means: Floats = self.predictor.profile(panel, columns, points)[0]
        return means

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""
        return self.table

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, every number with its definition."""
        slopes = self.regression.within.slopes
        return (
            *equation_statistics(self.regression, rss=self.reported.rss, r2=self.r2()),
            *panel_statistics(self.rows, slopes, self.level()),
            agreement_statistic(self.reported),
        )

    def diagnostics(self) -> tuple[Diagnostic | Refusal, ...]:
        """Return tests of what the estimator assumes; one that these rows cannot carry is a refusal."""
        return tuple(outcome_of(name, check) for name, check in self.checks().items())

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, diagnostics and the most influential rows as tidy tables by columns."""
        return {
            "statistics": statistic_columns(self.statistics()),
            "diagnostics": diagnostic_columns(self.diagnostics()),
            "influence": influence_columns(self.regression),
        }

    @property
    def outcome(self) -> str:
        """Name of the outcome."""
        return self.rows.outcome

    @property
    def absorbed(self) -> tuple[str, ...]:
        """Keys and columns whose effects are absorbed, by name."""
        return tuple(str(effect) for effect in in_order(self.regression.effects))

    def remarks(self) -> Sequence[str]:
        """Return effects and weights, in words."""
        effects = "no effects absorbed"
        if self.absorbed:
            keys = [key_of(self.rows, effect).name for effect in in_order(self.regression.effects)]
            effects = (
                f"effects of {' and '.join(keys)} absorbed, {self.regression.n_effects} of them independent"
            )
        return (effects, "rows weighted") if self.is_weighted else (effects,)

    @property
    def is_weighted(self) -> bool:
        """Whether some rows count more than others."""
        return self.regression.is_weighted

    def checks(self) -> Mapping[str, Check]:
        """Return the tests that go with the estimator by name, not yet computed."""
        return {"slopes": self.test_slopes}

    def error_checks(self) -> Mapping[str, Check]:
        """Return tests of correlation over time, and across entities in the rows of the equation."""
        residuals = self.regression.within.residuals
        return {
            "serial_correlation": partial(wooldridge, self.rows),
            "cross_section_dependence": partial(pesaran, self.regression.panel, residuals),
        }

    def r2(self) -> float:
        """Return the library's share of the equation's variance that its columns explain, in [0, 1]."""
        return float(self.reported.results.rsquared)

    def level(self) -> float | None:
        """Return the constant of the outcome's level; None for an equation without one."""
        within = self.regression.within
        return within.level_at(np.zeros(within.centre.size)) if self.regression.has_constant else None

    def test_slopes(self) -> Diagnostic:
        """Test that all slopes are zero, with the table's own covariance."""
        return wald_of_slopes(self.table, range(self.regression.has_constant, len(self.table.terms)))


@dataclass(frozen=True, eq=False, repr=False)
class EffectsFit(LinearFit):
    """A fit with effects of entities, periods or other levels."""

    def n_unseen(self, panel: Panel) -> int:
        """Return the number of rows predicted with a mean effect, since one of their levels is new."""
        return self.model.n_unseen(panel)
