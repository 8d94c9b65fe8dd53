"""A panel regressed on its columns, judged, and ready to be told or repeated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness import EffectKey, Floats, LevelModels, Note, Panel, effect_named, key_of
from harness_panel.resampling.absorb import Absorber, absorber_of
from harness_panel.resampling.checks import judge, refuse_single_levels
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.levels import RawEffects, level_models
from harness_panel.resampling.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class Regression:
    """A panel regressed on its columns and on the effects of some levels, on a constant, or on neither.

    Attributes
    ----------
    panel : rows of the fit, as the equation has them: in levels, in differences, less part of their means
    effects : what has effects, most levels first
    absorber : what takes the effects, or the constant, out
    n_effects : independent effects taken out; a constant is none of them, but a coefficient
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
    def n_obs(self) -> int:
        """Number of rows."""
        return self.panel.n_obs

    @property
    def n_coef(self) -> int:
        """Number of coefficients, without absorbed effects."""
        return len(self.within.screening.kept) + self.has_constant

    @property
    def df_resid(self) -> int:
        """Rows less coefficients less effects."""
        return self.n_obs - self.n_coef - self.n_effects

    @property
    def residuals(self) -> Floats:
        """Outcome less fitted values, times the roots of the weights, (n_obs,)."""
        return self.within.residuals

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
        slopes = self.in_reported_units(within.to_slopes[list(within.screening.kept)])
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
    absorber = absorber_of(groupings) if groupings else Absorber.constant(panel.n_obs)
    counted = np.ones(panel.n_obs) if weights is None else weights
    within = fit_within(panel.X, panel.observed, counted, absorber)
    return judged(panel, by_size, absorber, within, counted)


def judged(
    panel: Panel, effects: tuple[EffectKey, ...], absorber: Absorber, within: WithinFit, weights: Floats
) -> Regression:
    """Return a fit as a regression, if `judge` has nothing against it."""
    rank = absorber.rank(weights)
    notes = judge(panel, within, effects=effects, n_effects=rank)
    return Regression(panel, effects, absorber, rank if effects else 0, within, weights, notes)
