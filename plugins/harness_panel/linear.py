"""The steps that pooled OLS and fixed effects share: from a panel to a fit, and to a batch of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import CoefficientTable, EstimationError, Floats, Note, Panel, Problem
from harness_panel.absorb import Absorber, OneWay
from harness_panel.covariance import Covariance
from harness_panel.draws import fit_draws
from harness_panel.grouping import Grouping
from harness_panel.levels import Dimension, LevelModels, RawEffects, key_of, level_models
from harness_panel.sample import Sample
from harness_panel.two_way import TwoWay
from harness_panel.verdict import judge, refuse_single_levels
from harness_panel.within_fit import WithinFit, fit_within


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


@dataclass(frozen=True, eq=False)
class Regression:
    """A panel regressed on its columns and on the effects of some of its keys.

    Attributes
    ----------
    panel : rows of the fit
    effects : keys with effects, most levels first; none leaves a constant
    absorber : what takes the effects, or the constant, out
    n_effects : independent effects taken out; a constant counts as one
    within : the fit
    notes : what the reader of the report should know
    """

    panel: Panel
    effects: tuple[Dimension, ...]
    absorber: Absorber
    n_effects: int
    within: WithinFit
    notes: tuple[Note, ...]

    def models(self, slopes: Floats, raw: tuple[RawEffects, ...]) -> LevelModels:
        """Return predictors of fits of these rows.

        Parameters
        ----------
        slopes : (n_draws, n_columns)
        raw : effects of each of the absorber's groupings
        """
        keys = [key_of(self.panel, dimension) for dimension in self.effects]
        labels = [
            tuple(key.labels[level] for level in grouping.levels.tolist())
            for key, grouping in zip(keys, self.absorber.groupings, strict=False)
        ]
        return level_models(
            centre=self.within.centre,
            slopes=slopes,
            intercept=self.within.intercept,
            raw=raw,
            levels=list(zip(self.effects, labels, strict=True)),
        )


def regress(panel: Panel, effects: tuple[Dimension, ...]) -> Regression:
    """Regress a panel on its columns and the effects of some of its keys.

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect; see `judge`.
    """
    refuse_single_levels(panel, effects)
    by_size = tuple(sorted(effects, key=lambda one: -key_of(panel, one).n_present))
    absorber = _absorber(panel, by_size)
    weights = np.ones(panel.n_obs)
    within = fit_within(panel.X, panel.observed, weights, absorber)
    n_effects = absorber.rank(weights)
    notes = judge(panel, within, effects=effects, n_effects=n_effects)
    return Regression(panel, by_size, absorber, n_effects, within, notes)


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


def _absorber(panel: Panel, effects: tuple[Dimension, ...]) -> Absorber:
    groupings = [Grouping.of(key_of(panel, dimension).codes) for dimension in effects]
    if not groupings:
        return OneWay(Grouping.of(np.zeros(panel.n_obs, dtype=np.int64)))
    return OneWay(*groupings) if len(groupings) == 1 else TwoWay(*groupings)


def _table(regression: Regression, model: LevelModels, covariance: Covariance) -> CoefficientTable:
    """Return the coefficient table: kept columns, after a constant where there are no effects."""
    within, kept = regression.within, list(regression.within.screening.kept)
    terms = [regression.panel.columns[position] for position in kept]
    estimate, basis, to_coefficients = within.slopes[kept], within.basis, within.to_slopes[kept]
    if not regression.effects:
        n_obs = basis.shape[0]
        terms = ["const", *terms]
        estimate = np.concatenate([model.intercepts - within.centre @ within.slopes, estimate])
        basis = np.column_stack([np.full(n_obs, n_obs**-0.5), basis])
        to_coefficients = np.block(
            [
                [np.full((1, 1), n_obs**-0.5), -within.centre[None] @ within.to_slopes],
                [np.zeros((len(kept), 1)), to_coefficients],
            ]
        )
    sample = Sample(
        basis=basis,
        to_coefficients=to_coefficients,
        residuals=within.residuals,
        entity=regression.panel.entity.codes,
        time=regression.panel.time.codes,
        period=regression.panel.period,
        absorber=regression.absorber if regression.effects else None,
        n_effects=regression.n_effects if regression.effects else 0,
    )
    meat = covariance.meat(sample)
    matrix = to_coefficients @ meat.matrix @ to_coefficients.T
    return CoefficientTable(tuple(terms), estimate, matrix, meat.correction)
