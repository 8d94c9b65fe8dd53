"""What fitting returns: predictions, coefficients and notes of one fit, or predictions of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness import CoefficientTable, EstimationError, Floats, Note, Panel, Problem
from harness_panel.covariance import Covariance
from harness_panel.draws import fit_draws
from harness_panel.levels import Dimension, LevelModels, RawEffects
from harness_panel.regression import Regression, regress
from harness_panel.tabulate import tabulate


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
