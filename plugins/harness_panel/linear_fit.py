"""What fitting returns: predictions, coefficients and notes of one fit, or predictions of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import CoefficientTable, EstimationError, Floats, Note, Panel, Problem
from harness_panel.covariance import Covariance
from harness_panel.draws import fit_draws
from harness_panel.levels import Dimension, LevelModels, RawEffects
from harness_panel.regression import Regression, regress
from harness_panel.sample import Sample
from harness_panel.within_fit import WithinFit


@dataclass(frozen=True, eq=False)
class LinearFit:
    """One fit of a linear model.

    Attributes
    ----------
    model : predicts; one draw
    table : estimates of the kept columns with their covariance
    notes : what was dropped, and whether the rest is close to collinear
    """

    model: LevelModels
    table: CoefficientTable
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        predicted: Floats = self.model.predict(panel)[0]
        return predicted

    def coefficients(self) -> CoefficientTable:
        """Return estimates with their covariance and its corrections named."""
        return self.table


def fit_linear(panel: Panel, effects: tuple[Dimension, ...], covariance: Covariance) -> LinearFit:
    """Fit once, every row counted once.

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect, or cannot carry the covariance.
    """
    regression = regress(panel, effects)
    within = regression.within
    raw = tuple(
        RawEffects(values[None], np.bincount(grouping.codes)[None].astype(np.float64))
        for values, grouping in zip(within.effects, regression.absorber.groupings, strict=True)
    )
    model = regression.models(within.slopes[None], raw)
    return LinearFit(model, _table(regression, model, covariance), regression.notes)


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


def _table(regression: Regression, model: LevelModels, covariance: Covariance) -> CoefficientTable:
    """Return the coefficient table: kept columns, after a constant where there are no effects."""
    within, kept = regression.within, list(regression.within.screening.kept)
    terms = [regression.panel.columns[position] for position in kept]
    estimate = within.slopes[kept]
    if not regression.effects:
        terms = ["const", *terms]
        estimate = np.concatenate([model.intercepts - within.centre @ within.slopes, estimate])
    sample = _sample(regression)
    meat = covariance.meat(sample)
    matrix = sample.to_coefficients @ meat.matrix @ sample.to_coefficients.T
    return CoefficientTable(tuple(terms), estimate, matrix, meat.correction)


def _sample(regression: Regression) -> Sample:
    panel, within, has_effects = regression.panel, regression.within, bool(regression.effects)
    slopes = within.to_slopes[list(within.screening.kept)]
    return Sample(
        basis=within.basis if has_effects else _constant_basis(within),
        to_coefficients=slopes if has_effects else _constant_coefficients(within, slopes),
        residuals=within.residuals,
        entity=panel.entity.codes,
        time=panel.time.codes,
        period=panel.period,
        absorber=regression.absorber if has_effects else None,
        n_effects=regression.n_effects if has_effects else 0,
    )


def _constant_basis(within: WithinFit) -> Floats:
    """Return the basis of the columns after that of a constant, (n_obs, 1 + n_kept)."""
    n_obs = within.residuals.size
    return np.column_stack([np.full(n_obs, n_obs**-0.5), within.basis])


def _constant_coefficients(within: WithinFit, slopes: Floats) -> Floats:
    """Return what takes coordinates in `_constant_basis` to the constant and the slopes.

    The columns of the basis are centred, so the constant is the mean less what the means of the columns add.
    """
    first = np.concatenate([[within.residuals.size**-0.5], -within.centre @ within.to_slopes])
    return np.vstack([first, np.column_stack([np.zeros(slopes.shape[0]), slopes])])
