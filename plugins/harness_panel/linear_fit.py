"""What fitting returns: predictions, coefficients and notes of one fit, or predictions of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from harness import CoefficientTable, EstimationError, Floats, Note, Panel, Problem
from harness_panel.covariance import Covariance
from harness_panel.diagnosis import (
    Check,
    Columns,
    Diagnostic,
    Refusal,
    Statistic,
    diagnostic_columns,
    statistic_columns,
)
from harness_panel.draws import fit_draws
from harness_panel.effect_tests import wald_of_slopes
from harness_panel.fit_statistics import equation_statistics, panel_statistics
from harness_panel.levels import Dimension, LevelModels, RawEffects
from harness_panel.presentation import STATISTICS, coefficient_frame, effects_text
from harness_panel.regression import Regression, regress
from harness_panel.tabulate import tabulate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class LinearFit:
    """One fit of a linear model.

    Attributes
    ----------
    rows : what it was fitted on
    regression : the equation that was estimated
    model : predicts; one draw
    table : estimates of the kept columns with their covariance
    """

    rows: Panel
    regression: Regression
    model: LevelModels
    table: CoefficientTable

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether the rest is close to collinear."""
        return self.regression.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted: Floats = self.model.predict(panel)[0]
        return predicted

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""
        return self.table

    def statistics(self) -> tuple[Statistic, ...]:
        """Return what describes the fit, every number with its definition."""
        slopes = self.regression.within.slopes
        return (
            *equation_statistics(self.regression),
            *panel_statistics(self.rows, slopes, self.level()),
        )

    def diagnostics(self) -> tuple[Diagnostic | Refusal, ...]:
        """Return tests of what the estimator assumes; one that these rows cannot carry is a refusal."""
        return tuple(check.outcome() for check in self.checks())

    def details(self) -> Mapping[str, Columns]:
        """Return statistics and diagnostics as tidy tables by columns."""
        return {
            "statistics": statistic_columns(self.statistics()),
            "diagnostics": diagnostic_columns(self.diagnostics()),
        }

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        return coefficient_frame(self.table)

    @property
    def __maketables_depvar__(self) -> str:
        return self.rows.outcome

    @property
    def __maketables_fixef_string__(self) -> str | None:
        return effects_text(self.regression)

    @property
    def __maketables_vcov_info__(self) -> Mapping[str, str]:
        return {"vcov_type": self.table.correction.kind}

    @property
    def __maketables_stat_labels__(self) -> Mapping[str, str]:
        return STATISTICS

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return list(STATISTICS)

    def __maketables_stat__(self, key: str) -> float | int | str | None:
        known: dict[str, float | int | str] = {one.name: one.value for one in self.statistics()}
        known |= {"N": self.regression.panel.n_obs, "se_type": self.table.correction.kind}
        return known.get(key)

    def _repr_html_(self) -> str:
        from harness_panel.regression_table import RegressionTable

        return RegressionTable({type(self).__name__.removesuffix("Fit"): self}).html()

    def checks(self) -> tuple[Check, ...]:
        """Return the tests that go with the estimator, not yet computed."""
        return (Check("slopes", self.test_slopes),)

    def level(self) -> float | None:
        """Return the constant of the outcome's level; None for an equation without one."""
        within = self.regression.within
        return within.level_at(np.zeros(within.centre.size)) if self.regression.has_constant else None

    def test_slopes(self) -> Diagnostic:
        """Test that all slopes are zero, with the table's own covariance."""
        table, skipped = self.table, int(self.regression.has_constant)
        return wald_of_slopes(
            table.terms[skipped:],
            table.estimate[skipped:],
            table.covariance[skipped:, skipped:],
            df_resid=table.correction.df_resid,
            kind=table.correction.kind,
        )


def fit_linear(
    panel: Panel, effects: tuple[Dimension, ...], covariance: Covariance, *, rng: Generator
) -> LinearFit:
    """Fit once, every row counted once.

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect, or cannot carry the covariance.
    """
    regression = regress(panel, effects)
    model = regression.models(regression.within.slopes[None], raw_effects(regression))
    return LinearFit(panel, regression, model, tabulate(regression, covariance, rng=rng))


def raw_effects(regression: Regression) -> tuple[RawEffects, ...]:
    """Return the effects of a regression, as those of one draw."""
    return tuple(
        RawEffects(values[None], grouping.sums(regression.weights)[None])
        for values, grouping in zip(regression.within.effects, regression.absorber.groupings, strict=True)
    )


def fit_linear_draws(panel: Panel, effects: tuple[Dimension, ...], weights: Floats) -> LevelModels:
    """Fit once a draw.

    Parameters
    ----------
    weights : (n_draws, n_obs), >= 0

    Raises
    ------
    EstimationError
        Where the rows that any draw uses cannot tell the exposure's effect, or a draw uses none.
    """
    if not weights.any(axis=1).all():
        raise EstimationError(Problem("draws", "a draw has no row of positive weight", mend="draw again"))
    used = np.flatnonzero(weights.any(axis=0))
    regression = regress(panel.take(used), effects)
    rows = regression.panel
    fits = fit_draws(
        rows.X, rows.observed, weights[:, used], absorber=regression.absorber, base=regression.within
    )
    return regression.models(fits.slopes, fits.effects)
