"""A panel regressed on its columns, judged, and ready to be told or repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import EffectKey, EstimationError, Floats, Note, Panel, Problem, key_of
from harness_panel.resampling.absorb import Absorber, absorber_of
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.checks import judge, refuse_single_levels
from harness_panel.resampling.draws import fit_draws
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.levels import LevelModels, RawEffects, knowing_left_out_levels, level_models
from harness_panel.resampling.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class Regression:
    """A panel regressed on its columns and on the effects of some levels, on a constant, or on neither.

    Attributes
    ----------
    panel : rows of the fit, as the equation has them: in levels, in differences, less part of their means
    effects : what has effects, most levels first
    absorber : what takes the effects, or the constant, out
    n_effects : independent effects taken out; a constant counts as one
    within : the fit
    weights : (n_obs,), > 0
    notes : what the reader of the report should know
    reported : (n_kept, n_kept), takes the slopes of kept columns to those that are reported; None reports
        them as they are
    """

    panel: Panel
    effects: tuple[EffectKey, ...]
    absorber: Absorber
    n_effects: int
    within: WithinFit
    weights: Floats
    notes: tuple[Note, ...]
    reported: Floats | None = None

    @property
    def has_constant(self) -> bool:
        """Whether a constant is one of the coefficients."""
        return not self.effects and bool(self.absorber.groupings)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients: a constant, if there is one, and the kept columns."""
        kept = tuple(self.panel.columns[position] for position in self.within.screening.kept)
        return ("const", *kept) if self.has_constant else kept

    @property
    def rss(self) -> float:
        """Weighted sum of squared residuals."""
        return float(self.within.residuals @ self.within.residuals)

    @property
    def is_weighted(self) -> bool:
        """Whether some rows count more than others."""
        return bool(np.ptp(self.weights) > 0.0)

    @property
    def n_coef(self) -> int:
        """Coefficients of kept columns, without the constant."""
        return len(self.within.screening.kept)

    @property
    def df_resid(self) -> int:
        """Rows less coefficients less effects."""
        return self.panel.n_obs - self.n_coef - self.n_effects

    @property
    def estimate(self) -> Floats:
        """Coefficients in the order of the terms, (n_coef,)."""
        slopes = self.in_reported_units(self.within.slopes[list(self.within.screening.kept)])
        if not self.has_constant:
            return slopes
        return np.concatenate([[self.within.level_at(np.zeros(self.within.centre.size))], slopes])

    def in_reported_units(self, slopes: Floats) -> Floats:
        """Return slopes of kept columns, (n_kept, ...), as they are reported."""
        return slopes if self.reported is None else self.reported @ slopes

    def model(self) -> LevelModels:
        """Return what the regression predicts, as one draw."""
        pairs = zip(self.within.effects, self.absorber.groupings, strict=True)
        raw = tuple(RawEffects(values[None], grouping.sums(self.weights)[None]) for values, grouping in pairs)
        return self.models(self.within.slopes[None], raw)

    def models(self, slopes: Floats, raw: tuple[RawEffects, ...]) -> LevelModels:
        """Return predictors of fits of these rows.

        Parameters
        ----------
        slopes : (n_draws, n_columns)
        raw : effects of each of the absorber's groupings
        """
        # A pooled regression has a grouping, its constant, but no key.
        keys = [key_of(self.panel, effect) for effect in self.effects]
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


def regress(
    panel: Panel,
    effects: tuple[EffectKey, ...],
    *,
    weights: Floats | None = None,
) -> Regression:
    """Regress a panel on its columns and some effects; without any, on a constant.

    Parameters
    ----------
    weights : (n_obs,), > 0; None counts all rows alike

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect; see `judge`.
    """
    refuse_single_levels(panel, effects)
    by_size = tuple(sorted(effects, key=lambda effect: -key_of(panel, effect).n_present))
    groupings = [Grouping.of(key_of(panel, effect).codes) for effect in by_size]
    absorber = absorber_of(groupings) if groupings else constant_of(panel.n_obs)
    counted = np.ones(panel.n_obs) if weights is None else weights
    within = fit_within(panel.X, panel.observed, counted, absorber)
    return _judged(panel, by_size, absorber, within, counted)


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
        return _judged(self.centring.put_back(self.panel), (), self.absorber, self.fit(), self.weights)

    def model(self, fit: WithinFit) -> LevelModels:
        """Return what a fit of this equation predicts for rows in levels, as one draw."""
        centre = self.centring.columns
        return LevelModels(centre, fit.slopes[None], np.array([fit.level_at(centre)]))


def _judged(
    panel: Panel, effects: tuple[EffectKey, ...], absorber: Absorber, within: WithinFit, weights: Floats
) -> Regression:
    n_effects = absorber.rank(weights)
    notes = judge(panel, within, effects=effects, n_effects=n_effects)
    return Regression(panel, effects, absorber, n_effects, within, weights, notes)


def constant_of(n_obs: int) -> Absorber:
    """Return what takes a constant out of rows."""
    return Absorber((Grouping.of(np.zeros(n_obs, dtype=np.int64)),))


def regress_draws(
    panel: Panel, effects: tuple[EffectKey, ...], weights: Floats, *, row_weights: Floats
) -> LevelModels:
    """Regress once a draw; levels that a draw left out are those of all their rows, given its slopes.

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
    return knowing_left_out_levels(
        regression.models(fits.slopes, fits.effects),
        panel,
        np.broadcast_to(panel.observed, weights.shape),
        weights=weights,
        row_weights=row_weights,
    )
