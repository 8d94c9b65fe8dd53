"""One weighted regression with absorbed effects, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_panel.resampling.absorb import Absorber, absorb_in_place
from harness_panel.resampling.collinearity import Screening, Sizes
from harness_panel.resampling.gram_schmidt import Orthonormal, orthonormalise


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of one regression, the outcome last.

    Attributes
    ----------
    left : (n_obs, n_columns), without means and effects, times the roots of the weights; in Fortran order
    centre : (n_columns,), weighted means; zero where nothing is absorbed
    effects : (n_levels, n_columns) each, in the order of the absorber's groupings
    sizes : of the columns before and after
    """

    left: Floats
    centre: Floats
    effects: tuple[Floats, ...]
    sizes: Sizes


def take_apart(
    regressors: Floats, outcome: Floats, weights: Floats, absorber: Absorber, *, largest: Floats | None = None
) -> Columns:
    """Take means and effects out of a copy of columns, (n_obs, n), followed by an outcome, (n_obs,).

    Columns are handled one by one, so that little more than the copy is held in memory.

    Parameters
    ----------
    weights : (n_obs,), >= 0, not all zero
    absorber : one that absorbs nothing leaves means where they are
    largest : (n + 1,), largest size of what columns and outcome were computed from; None knows only their own
    """
    left = np.empty((outcome.size, regressors.shape[1] + 1), order="F")
    left[:, :-1], left[:, -1] = regressors, outcome
    root = np.sqrt(weights)
    is_used = weights > 0
    own = np.array([np.abs(column[is_used]).max() for column in left.T])
    largest = own if largest is None else np.maximum(own, largest)
    centre = _centre(left, weights) if absorber.groupings else np.zeros(left.shape[1])
    centred = _lengths(left, root)
    effects = absorb_in_place(absorber, left, weights)
    left *= root[:, None]
    within = np.array([np.linalg.norm(column) for column in left.T])
    return Columns(left, centre, effects, Sizes(np.sqrt(weights.sum()) * largest, centred, within))


def _centre(columns: Floats, weights: Floats) -> Floats:
    """Take weighted means out of columns, in place, and return them."""
    total = weights.sum()
    centre = np.empty(columns.shape[1])
    for at, column in enumerate(columns.T):
        middle = weights @ column / total
        column -= middle
        # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
        rest = weights @ column / total
        column -= rest
        centre[at] = middle + rest
    return centre


def _lengths(columns: Floats, root: Floats) -> Floats:
    return np.array([np.linalg.norm(root * column) for column in columns.T])


@dataclass(frozen=True, eq=False)
class WithinFit:
    """A regression of an outcome on columns and effects.

    The fitted value of a row is ``intercept + (x - centre) @ slopes`` plus its levels' effects.

    Attributes
    ----------
    screening : which columns were kept
    is_outcome_constant, is_outcome_absorbed : whether nothing of the outcome is left to explain, and why
    centre : (n_columns,), weighted means; zero where nothing is absorbed
    intercept : weighted mean of the outcome; zero where nothing is absorbed
    slopes : (n_columns,), zero for dropped columns
    effects : (n_levels,) each, one a grouping; not normalised between groupings
    basis : (n_obs, n_kept), orthonormal: kept columns without effects, times the roots of the weights
    to_slopes : (n_columns, n_kept), takes coordinates in the basis to slopes
    column_effects : (n_levels, n_kept) each, the effects taken out of the columns, in the basis's coordinates
    residuals : (n_obs,), times the roots of the weights
    condition : >= 1, condition number of the kept columns, without effects and scaled to unit length
    """

    screening: Screening
    is_outcome_constant: bool
    is_outcome_absorbed: bool
    centre: Floats
    intercept: float
    slopes: Floats
    effects: tuple[Floats, ...]
    basis: Floats
    to_slopes: Floats
    column_effects: tuple[Floats, ...]
    residuals: Floats
    condition: float

    def level_at(self, columns: Floats) -> float:
        """Return the fitted value at columns, (n_columns,), of a fit on a constant or on none."""
        constant = sum(float(levels[0]) for levels in self.effects)
        return float(self.intercept + constant + (columns - self.centre) @ self.slopes)


def fit_within(
    regressors: Floats, outcome: Floats, weights: Floats, absorber: Absorber, *, largest: Floats | None = None
) -> WithinFit:
    """Regress an outcome, (n_obs,), on columns, (n_obs, n_columns), and the absorber's effects.

    Parameters
    ----------
    weights : (n_obs,), >= 0, not all zero
        Rows of weight zero are as good as absent.
    largest : (n_columns + 1,), largest size of what columns and outcome were computed from, where that may be
        more than their own; what is left of them has its rounding

    Notes
    -----
    Frisch-Waugh-Lovell: effects are taken out of all columns first. Columns are centred before and scaled to
    unit length after, so neither their level nor their unit costs digits; where nothing is absorbed they
    stay where they are. Columns that cannot be told apart are dropped in reverse order of priority. One copy
    of the columns is made, and what happens to them happens in it.
    """
    columns = take_apart(regressors, outcome, weights, absorber, largest=largest)
    sizes, effects, n_columns = columns.sizes, columns.effects, regressors.shape[1]
    target = columns.left[:, -1].copy()
    solution = orthonormalise(
        columns.left,
        np.flatnonzero(~(sizes.is_constant | sizes.is_absorbed)[:-1]).tolist(),
        lengths=sizes.within,
        tolerance=sizes.tolerance,
    )
    coordinates, residuals = solution.split(target)
    to_slopes = np.zeros((n_columns, len(solution.kept)))
    to_slopes[list(solution.kept)] = solution.to_coefficients
    slopes = to_slopes @ coordinates
    return WithinFit(
        screening=_screening(sizes, solution),
        is_outcome_constant=bool(sizes.is_constant[-1]),
        is_outcome_absorbed=bool(sizes.is_absorbed[-1]),
        centre=columns.centre[:-1],
        intercept=float(columns.centre[-1]),
        slopes=slopes,
        effects=tuple(levels[:, -1] - levels[:, :-1] @ slopes for levels in effects),
        basis=solution.basis,
        to_slopes=to_slopes,
        column_effects=tuple(levels[:, :-1] @ to_slopes for levels in effects),
        residuals=residuals,
        condition=solution.condition,
    )


def _screening(sizes: Sizes, solution: Orthonormal) -> Screening:
    return Screening(
        kept=solution.kept,
        constant=tuple(np.flatnonzero(sizes.is_constant[:-1]).tolist()),
        absorbed=tuple(np.flatnonzero(sizes.is_absorbed[:-1]).tolist()),
        dependent=solution.dependent,
    )
