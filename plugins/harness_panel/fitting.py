"""Fits of linear models with effects: one, or one a draw."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from harness import EstimationError, Floats, Panel, Problem
from harness_panel.centring import Centring
from harness_panel.covariance import Covariance
from harness_panel.draws import fit_draws
from harness_panel.effect import Effect
from harness_panel.levels import LevelModels, RawEffects
from harness_panel.linear_fit import LinearFit
from harness_panel.regression import Regression, regress
from harness_panel.tabulate import tabulate


def fit_linear(
    panel: Panel,
    effects: tuple[Effect, ...],
    covariance: Covariance,
    *,
    rng: Generator,
    row_weights: Floats | None = None,
    centring: Centring | None = None,
) -> LinearFit:
    """Fit once.

    Parameters
    ----------
    row_weights : (n_obs,), > 0; None counts all rows alike
    centring : levels that the panel's columns are without, and the fit's have again

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect, or cannot carry the covariance.
    """
    regression = regress(panel, effects, weights=row_weights, centring=centring)
    model = regression.models(regression.within.slopes[None], raw_effects(regression))
    return LinearFit(regression.panel, regression, model, tabulate(regression, covariance, rng=rng))


def raw_effects(regression: Regression) -> tuple[RawEffects, ...]:
    """Return the effects of a regression, as those of one draw."""
    return tuple(
        RawEffects(values[None], grouping.sums(regression.weights)[None])
        for values, grouping in zip(regression.within.effects, regression.absorber.groupings, strict=True)
    )


def fit_linear_draws(
    panel: Panel, effects: tuple[Effect, ...], weights: Floats, *, row_weights: Floats
) -> LevelModels:
    """Fit once a draw.

    Parameters
    ----------
    weights : (n_draws, n_obs), >= 0, how often a row was drawn
    row_weights : (n_obs,), > 0, how much a row counts each time

    Raises
    ------
    EstimationError
        Where the rows that any draw uses cannot tell the exposure's effect, or a draw uses none.
    """
    if not weights.any(axis=1).all():
        raise EstimationError(Problem("draws", "a draw has no row of positive weight", hint="draw again"))
    used = np.flatnonzero(weights.any(axis=0))
    rows = panel.take(used)
    regression = regress(rows, effects, weights=row_weights[used])
    fits = fit_draws(
        rows.X,
        rows.observed,
        weights[:, used],
        row_weights=regression.weights,
        absorber=regression.absorber,
        base=regression.within,
    )
    return regression.models(fits.slopes, fits.effects)
