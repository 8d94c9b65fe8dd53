"""A panel regressed on its columns, judged, and ready to be told or repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.plugin import (
    EffectKey,
    EffectSet,
    EstimationError,
    Floats,
    Grouping,
    LevelModels,
    Note,
    Panel,
    Refusals,
    effect_named,
    key_of,
    read_effect_set,
)
from harness_panel.resampling.absorb import Absorber, absorber_of
from harness_panel.resampling.checks import judge
from harness_panel.resampling.levels import level_models
from harness_panel.resampling.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class Regression:
    """A panel regressed on its columns and on the effects of some levels, on a constant, or on neither.

    Attributes
    ----------
    panel : rows of the fit, as the equation has them: in levels, in differences, less part of their means
    absorber : what takes the effects, that of the most levels first, or the constant out
    n_effects : independent effects taken out; a constant is none of them, but a coefficient
    within : the fit
    weights : (n_obs,), > 0
    notes : what the reader of the report should know
    reported : (n_kept, n_kept), takes the slopes of kept columns to those that are reported; None reports
        them as they are
    """

    panel: Panel
    absorber: Absorber
    n_effects: int
    within: WithinFit
    weights: Floats
    notes: tuple[Note, ...]
    reported: Floats | None = None

    @property
    def sets(self) -> tuple[EffectSet, ...]:
        """Levels that have effects, the most first."""
        return self.absorber.sets

    @property
    def effects(self) -> tuple[EffectKey, ...]:
        """What has effects, most levels first."""
        return tuple(levels.effect for levels in self.sets)

    @property
    def has_constant(self) -> bool:
        """Whether a constant is one of the coefficients."""
        return not self.sets and bool(self.absorber.groupings)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients: a constant, if there is one, and the kept columns."""
        kept = tuple(self.panel.columns[position] for position in self.within.kept)
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
    def n_obs(self) -> int:
        """Number of rows."""
        return self.panel.n_obs

    @property
    def n_coef(self) -> int:
        """Number of coefficients, without absorbed effects."""
        return len(self.within.kept) + self.has_constant

    @property
    def df_resid(self) -> int:
        """Rows less coefficients less effects."""
        return self.n_obs - self.n_coef - self.n_effects

    @cached_property
    def basis(self) -> Floats:
        """Orthonormal basis of the regressors less their effects, times the roots of the weights.

        It is (n_obs, n_coef); a constant comes first, if there is one.
        """
        if not self.has_constant:
            return self.within.basis
        root = np.sqrt(self.weights)
        return np.column_stack([root / np.linalg.norm(root), self.within.basis])

    @cached_property
    def to_coefficients(self) -> Floats:
        """Takes coordinates in the basis to coefficients, (n_coef, n_coef)."""
        within = self.within
        slopes = self.in_reported_units(within.to_slopes[within.kept])
        if not self.has_constant:
            return slopes
        # Columns of the basis are centred, so the constant is the mean less what means of columns add.
        first = np.concatenate([[self.weights.sum() ** -0.5], -within.centre @ within.to_slopes])
        return np.vstack([first, np.column_stack([np.zeros(len(slopes)), slopes])])

    def classical_covariance(self) -> Floats:
        """Return the covariance of independent errors of equal variance, (n_coef, n_coef)."""
        covariance: Floats = self.rss / self.df_resid * self.to_coefficients @ self.to_coefficients.T
        return covariance

    def grouping(self, name: str) -> Grouping:
        """Return the rows by the levels of a key or a column.

        Raises
        ------
        EstimationError
            Where the panel carries no such column.
        """
        return Grouping.of(key_of(self.panel, effect_named(name)).codes)

    def leverage(self) -> Floats:
        """Return each row's leverage in the regression on columns and dummies, (n_obs,), in (0, 1]."""
        own: Floats = np.einsum("ij,ij->i", self.basis, self.basis)
        return own + self.absorber.leverage(self.weights) if self.effects else own

    @property
    def estimate(self) -> Floats:
        """Coefficients in the order of the terms, (n_coef,)."""
        slopes = self.in_reported_units(self.within.slopes[self.within.kept])
        if not self.has_constant:
            return slopes
        return np.concatenate([[self.within.level_at(np.zeros(self.within.centre.size))], slopes])

    def in_reported_units(self, slopes: Floats) -> Floats:
        """Return slopes of kept columns, (n_kept, ...), as they are reported."""
        return slopes if self.reported is None else self.reported @ slopes

    def model(self) -> LevelModels:
        """Return what the regression predicts, as one draw."""
        return self.models(self.within.slopes[None], self.weights[:, None])

    def models(self, slopes: Floats, weights: Floats, effects: Sequence[Floats] | None = None) -> LevelModels:
        """Return what slopes predict, (n_draws, n_columns), of rows weighted by (n_obs, n_draws).

        Parameters
        ----------
        effects : (n_draws, n_levels) of each grouping of the absorber; None are those that fit best with the
            weights of the regression
        """
        return level_models(
            self.absorber.groupings,
            self.within.effects(slopes) if effects is None else effects,
            centre=self.within.centre,
            intercept=self.within.intercept,
            slopes=slopes,
            weights=weights,
        )


def regress(panel: Panel, effects: tuple[EffectKey, ...], *, weights: Floats | None = None) -> Regression:
    """Regress a panel on its columns and some effects; without any, on a constant.

    Parameters
    ----------
    weights : (n_obs,), > 0; None counts all rows alike

    Raises
    ------
    EstimationError
        Where a set of effects has one level, or rows cannot tell the exposure's effect; see `judge`.
    """
    sets = [read_effect_set(panel, effect) for effect in effects]
    for levels in sets:
        if levels.n_levels < 2:
            raise EstimationError(Refusals(panel, "").single_level(levels.name))
    sets.sort(key=lambda levels: -levels.n_levels)
    absorber = absorber_of(sets) if sets else Absorber.constant(panel.n_obs)
    counted = np.ones(panel.n_obs) if weights is None else weights
    within = fit_within(panel.X, panel.observed, counted, absorber)
    return judged(panel, absorber, within, counted)


def judged(panel: Panel, absorber: Absorber, within: WithinFit, weights: Floats) -> Regression:
    """Return a fit as a regression, if `judge` has nothing against it."""
    rank, sets = absorber.rank(weights), absorber.sets
    notes = judge(panel, within, effects=[levels.effect for levels in sets], n_effects=rank)
    return Regression(panel, absorber, rank if sets else 0, within, weights, notes)
