"""A panel regressed on its columns, judged, and ready to be told or repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from harness import plugin
from harness.plugin import AbsorbingModels, EffectKey, Floats, Grouping, Note, Panel, Problem, Refusals
from harness_panel.solver.within import Absorber, Dependence, WithinFit, fit_within, without_effects

# A key of the panel.
Dimension = Literal["entity", "time"]


def require_each_once(effects: Sequence[Dimension], *, least: int = 0) -> None:
    """Refuse keys of which one is named twice, or that are fewer than the least number.

    Raises
    ------
    ValueError
    """
    if not least <= len(set(effects)) == len(effects):
        raise ValueError(f"effects: entity, time or both, each once; found {list(effects)}")


def in_order(effects: Sequence[EffectKey]) -> tuple[EffectKey, ...]:
    """Return entity, then time, then columns as they stand."""
    return tuple(sorted(effects, key=lambda effect: (not isinstance(effect, str), effect == "time")))


def in_words(effects: Sequence[EffectKey]) -> str:
    """Return effects by name, such as ``entity, time and industry``."""
    return plugin.listed([str(effect) for effect in in_order(effects)])


def level_models(
    groupings: Sequence[Grouping],
    effects: Sequence[Floats],
    *,
    centre: Floats,
    intercept: float,
    slopes: Floats,
    weights: Floats,
) -> AbsorbingModels:
    """Return models whose effects have mean zero over each draw's rows.

    Parameters
    ----------
    groupings : sets of effects, or a constant
    effects : (n_draws, n_levels) each, outcome units; their means go to the intercept
    centre, intercept : (n_columns,), and a number; what predictions are written around
    slopes : (n_draws, n_columns)
    weights : (n_obs, n_draws), >= 0; the effect of a level without weight is zero
    """
    intercepts, found = np.full(len(slopes), intercept), []
    for grouping, values in zip(groupings, effects, strict=True):
        totals = grouping.sums(weights).T
        means = np.sum(values * totals, axis=1) / totals.sum(axis=1)
        intercepts += means
        if isinstance(grouping, plugin.EffectSet):
            deviations = np.where(totals > 0, values - means[:, None], 0.0)
            found.append(plugin.AbsorbedEffects(grouping.effect, grouping.labels, deviations))
    return AbsorbingModels(centre, slopes, intercepts, tuple(found))


_NOTHING = 1e-9


def describe(dependence: Dependence, X: Floats, names: Sequence[str], effects: str) -> str:
    """Return the combination, such as ``z = 2*x - w + 3``.

    Parameters
    ----------
    X : (n_obs, n_columns), raw columns
    names : (n_columns,)
    effects : what else the combination may take, such as ``entity effects``; empty without effects
    """
    column, on = X[:, dependence.column], X[:, dependence.on]
    rest = column - on @ np.array(dependence.coefficients)
    on_names = [names[position] for position in dependence.on]
    terms = [_term(*pair) for pair in zip(dependence.coefficients, on_names, strict=True)]
    level = float(rest.mean())
    if effects and np.ptp(rest) > _NOTHING * np.ptp(column):
        terms.append(f"+ {effects}")
    elif abs(level) > _NOTHING * max(np.abs(column).max(), np.abs(on).max()):
        terms.append(f"{'-' if level < 0 else '+'} {abs(level):.6g}")
    signed = " ".join(terms)
    return f"{names[dependence.column]} = {signed[2:] if signed.startswith('+') else f'-{signed[2:]}'}"


def _term(coefficient: float, name: str) -> str:
    size = f"{abs(coefficient):.6g}"
    return f"{'-' if coefficient < 0 else '+'} {name if size == '1' else f'{size}*{name}'}"


# Half of the digits of a double.
_NOTABLE_CONDITION = 1e8

_WORST_CONDITION = 1e12


def judge(panel: Panel, fit: WithinFit, *, taken: str, n_effects: int) -> tuple[Note, ...]:
    """Return notes on a fit.

    Parameters
    ----------
    taken : effects that are partialled out, in words; empty for a pooled regression
    n_effects : independent effects taken out; the constant counts as one

    Raises
    ------
    EstimationError
        Where the outcome does not vary, rows are too few, the exposure cannot be told apart, or the columns
        are too close to collinear.
    """
    say = Refusals(panel, taken)
    problem = _problem(say, fit, n_effects)
    if problem:
        raise plugin.EstimationError(problem)
    notes = [say.dropped_constant(at) for at in fit.constant]
    notes += [say.dropped_absorbed(at) for at in fit.absorbed]
    for found in fit.dependent:
        notes.append(say.dropped_collinear(found.column, describe(found, panel.X, panel.columns, say.taken)))
    if fit.condition > _NOTABLE_CONDITION:
        words = plugin.marked("Regressors are nearly collinear: scaled condition number {condition}.")
        message = plugin.Coded(words, condition=f"{fit.condition:.2g}")
        notes.append(Note("W-COND", "regressors", message))
    return tuple(notes)


def _problem(say: Refusals, fit: WithinFit, n_effects: int) -> Problem | None:
    panel = say.panel
    if fit.is_outcome_constant:
        return say.constant_outcome(fit.intercept)
    few = say.few_rows(n_columns=len(fit.kept), n_effects=n_effects)
    if few:
        return few
    if fit.is_outcome_absorbed:
        return say.absorbed_outcome()
    own = set(range(len(panel.exposure_columns)))
    for at in own.intersection(fit.constant):
        return say.constant_exposure(at, float(fit.centre[at]))
    for at in own.intersection(fit.absorbed):
        return say.absorbed_exposure(at)
    for dependence in fit.dependent:
        found = own.intersection((*dependence.on, dependence.column))
        if found and (len(dependence.on) > 1 or dependence.column in own):
            clash = dependence.of(min(found))
            combination = describe(clash, panel.X, panel.columns, say.taken)
            return say.determined_exposure(clash.column, clash.on, combination)
    if fit.condition <= _WORST_CONDITION:
        return None
    return Problem(
        where="regressors",
        what=plugin.Coded(
            "they are nearly collinear: the condition number of the scaled columns is {condition}",
            condition=f"{fit.condition:.2g}",
        ),
        expected=plugin.Coded("up to {most}", most=f"{_WORST_CONDITION:.0g}"),
        hint=plugin.marked("drop one of the nearly identical columns"),
    )


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
    def sets(self) -> tuple[plugin.EffectSet, ...]:
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
        return np.asarray(self.rss / self.df_resid * self.to_coefficients @ self.to_coefficients.T)

    def grouping(self, name: str) -> Grouping:
        """Return the rows by the levels of a key or a column.

        Raises
        ------
        EstimationError
            Where the panel carries no such column.
        """
        return Grouping.of(plugin.key_of(self.panel, plugin.effect_named(name)).codes)

    def n_outside(self, clusters: Sequence[Grouping]) -> int:
        """Return how many independent effects are not nested in clusters; 1, their mean, if all are."""
        crossing = [levels for levels in self.sets if not any(map(levels.is_within, clusters))]
        return Absorber.of(crossing).rank(self.weights) if crossing else 1

    def without_effects(self, clusters: Grouping) -> Callable[[Floats], Floats] | None:
        """Return what partials effects out of columns, (n_obs, n), times the roots of the weights.

        None where that changes no sum over clusters, as without effects.
        """
        if not self.sets:
            return None
        root = np.sqrt(self.weights)[:, None]
        return lambda columns: root * without_effects(self.absorber, columns / root, self.weights)

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

    def model(self) -> AbsorbingModels:
        """Return what the regression predicts, as one draw."""
        return self.models(self.within.slopes[None], self.weights[:, None])

    def models(
        self, slopes: Floats, weights: Floats, effects: Sequence[Floats] | None = None
    ) -> AbsorbingModels:
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
    sets = [plugin.read_effect_set(panel, effect) for effect in effects]
    for levels in sets:
        if levels.n_levels < 2:
            raise plugin.EstimationError(Refusals(panel, "").single_level(levels.name))
    sets.sort(key=lambda levels: -levels.n_levels)
    absorber = Absorber.of(sets) if sets else Absorber.constant(panel.n_obs)
    counted = np.ones(panel.n_obs) if weights is None else weights
    return judged(panel, absorber, fit_within(panel.X, panel.observed, counted, absorber), counted)


def judged(panel: Panel, absorber: Absorber, within: WithinFit, weights: Floats) -> Regression:
    """Return a fit as a regression, if `judge` has nothing against it."""
    rank, sets = absorber.rank(weights), absorber.sets
    taken = f"{in_words([levels.effect for levels in sets])} effects" if sets else ""
    notes = judge(panel, within, taken=taken, n_effects=rank)
    return Regression(panel, absorber, rank if sets else 0, within, weights, notes)
