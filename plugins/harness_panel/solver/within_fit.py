"""One weighted regression with absorbed effects, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats
from harness_panel.solver.absorb import Absorber, absorb_in_place


@dataclass(frozen=True, eq=False)
class Dependence:
    """A column that is a linear combination of columns before it.

    Attributes
    ----------
    column : position of the dependent column
    on : positions of the columns it takes
    coefficients : units of the column per unit of each of `on`
    """

    column: int
    on: tuple[int, ...]
    coefficients: tuple[float, ...]


def orthonormalise(
    columns: Floats, candidates: Sequence[int], *, lengths: Floats, rounding: Floats
) -> tuple[list[int], Floats, tuple[Dependence, ...]]:
    """Orthogonalise columns by classical Gram-Schmidt, each twice, overwriting them.

    Twice is enough: the basis is orthogonal to rounding as long as columns are independent to rounding
    (Giraud, Langou, Rozloznik & van den Eshof 2005), and the solution as accurate as that of Householder
    QR. An earlier column is never dropped for a later one.

    Parameters
    ----------
    columns : (n_obs, n_columns), in Fortran order; the basis is put in its first columns
    candidates : positions, ascending, of columns that are longer than rounding
    lengths : (n_columns,)
    rounding : (n_columns,), what is shorter than this once the span of earlier columns is taken out is
        dependent on them

    Returns
    -------
    The positions of the columns that are independent of those before them; the upper triangle,
    (n_kept, n_kept), by which the basis makes these columns, scaled to unit length; and the other columns.
    """
    kept: list[int] = []
    dependent: list[Dependence] = []
    triangle = np.zeros((len(candidates), len(candidates)))
    for at in candidates:
        size = len(kept)
        shares, residual = split(columns[:, :size], columns[:, at] / lengths[at])
        length = float(np.linalg.norm(residual))
        if length <= rounding[at] / lengths[at]:
            scaled = np.linalg.solve(triangle[:size, :size], shares)
            dependent.append(_dependence(at, kept, scaled * lengths[at], lengths))
            continue
        columns[:, size] = residual / length
        triangle[:size, size], triangle[size, size] = shares, length
        kept.append(at)
    return kept, triangle[: len(kept), : len(kept)], tuple(dependent)


def split(basis: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return a target's coordinates in a basis, (n_kept,), and its residuals, (n_obs,)."""
    coordinates = basis.T @ target
    residual = target - basis @ coordinates
    rest = basis.T @ residual
    return coordinates + rest, residual - basis @ rest


def _dependence(column: int, kept: Sequence[int], shares: Floats, lengths: Floats) -> Dependence:
    """Return the combination that makes a column, without its rounding errors."""
    counts = np.abs(shares) > 1e-8 * np.abs(shares).max()
    on = np.array(kept)[counts]
    coefficients = shares[counts] / lengths[on]
    return Dependence(column, tuple(on.tolist()), tuple(coefficients.tolist()))


ROUNDING = 64.0 * float(np.finfo(np.float64).eps)
"""What is shorter than this share of a column's size is rounding: its own, and that of what was taken out."""


@dataclass(frozen=True, eq=False)
class WithinFit:
    """A regression of an outcome on columns and effects.

    The fitted value of a row is ``intercept + (x - centre) @ slopes`` plus the effects of its levels.

    Attributes
    ----------
    kept : positions of the columns with a coefficient of their own
    constant, absorbed : positions of the columns that do not vary, and of those that the effects determine
    dependent : columns that kept columns before them determine, together with the effects
    is_outcome_constant, is_outcome_absorbed : whether nothing of the outcome is left to explain, and why
    centre : (n_columns,), weighted means; zero where nothing is absorbed
    intercept : weighted mean of the outcome; zero where nothing is absorbed
    slopes : (n_columns,), zero for dropped columns
    taken : (n_levels, n_columns + 1) each, one a grouping, effects of the columns and, last, of the outcome
    basis : (n_obs, n_kept), orthonormal: kept columns without effects, times the roots of the weights
    to_slopes : (n_columns, n_kept), takes coordinates in the basis to slopes
    residuals : (n_obs,), times the roots of the weights
    condition : >= 1, condition number of the kept columns, without effects and scaled to unit length
    """

    kept: list[int]
    constant: list[int]
    absorbed: list[int]
    dependent: tuple[Dependence, ...]
    is_outcome_constant: bool
    is_outcome_absorbed: bool
    centre: Floats
    intercept: float
    slopes: Floats
    taken: tuple[Floats, ...]
    basis: Floats
    to_slopes: Floats
    residuals: Floats
    condition: float

    def level_at(self, columns: Floats) -> float:
        """Return the fitted value at columns, (n_columns,), of a fit on a constant or on none."""
        return float(self.intercept + (columns - self.centre) @ self.slopes)

    def effects(self, slopes: Floats) -> list[Floats]:
        """Return the effects by grouping, (n_draws, n_levels), that go with slopes, (n_draws, n_columns)."""
        return [levels[:, -1] - slopes @ levels[:, :-1].T for levels in self.taken]


def fit_within(
    regressors: Floats, outcome: Floats, weights: Floats, absorber: Absorber, *, largest: Floats | None = None
) -> WithinFit:
    """Regress an outcome, (n_obs,), on columns, (n_obs, n_columns), and the absorber's effects.

    Parameters
    ----------
    weights : (n_obs,), >= 0, not all zero
        Rows of weight zero are as good as absent.
    absorber : one that absorbs nothing leaves means where they are
    largest : (n_columns + 1,), largest size of what columns and outcome were computed from, where that may be
        more than their own; what is left of them has its rounding

    Notes
    -----
    Frisch-Waugh-Lovell: effects are taken out of all columns first. Columns are centred before and scaled to
    unit length after, so neither their level nor their unit costs digits; where nothing is absorbed they
    stay where they are. Columns that cannot be told apart are dropped in reverse order of priority. One copy
    of the columns is made, and what happens to them happens in it, column by column.
    """
    columns = np.empty((outcome.size, regressors.shape[1] + 1), order="F")
    columns[:, :-1], columns[:, -1] = regressors, outcome
    sizes = np.array([np.abs(column[weights > 0]).max() for column in columns.T])
    sizes = sizes if largest is None else np.maximum(sizes, largest)
    rounding = ROUNDING * (np.sqrt(weights.sum()) * sizes)
    centre = _centre(columns, weights) if absorber.groupings else np.zeros(columns.shape[1])
    is_constant = np.array([np.linalg.norm(np.sqrt(weights) * column) for column in columns.T]) <= rounding
    taken = absorb_in_place(absorber, columns, weights)
    columns *= np.sqrt(weights)[:, None]
    lengths = np.array([np.linalg.norm(column) for column in columns.T])
    is_absorbed = ~is_constant & (lengths <= rounding)
    target, varying = columns[:, -1].copy(), np.flatnonzero(~(is_constant | is_absorbed)[:-1])
    kept, triangle, dependent = orthonormalise(columns, varying.tolist(), lengths=lengths, rounding=rounding)
    basis = columns[:, : len(kept)]
    coordinates, residuals = split(basis, target)
    to_slopes = np.zeros((regressors.shape[1], len(kept)))
    to_slopes[kept] = np.linalg.inv(triangle) / lengths[kept][:, None]
    return WithinFit(
        kept=kept,
        constant=np.flatnonzero(is_constant[:-1]).tolist(),
        absorbed=np.flatnonzero(is_absorbed[:-1]).tolist(),
        dependent=dependent,
        is_outcome_constant=bool(is_constant[-1]),
        is_outcome_absorbed=bool(is_absorbed[-1]),
        centre=centre[:-1],
        intercept=float(centre[-1]),
        slopes=to_slopes @ coordinates,
        taken=taken,
        basis=basis,
        to_slopes=to_slopes,
        residuals=residuals,
        condition=float(np.linalg.cond(triangle)) if kept else 1.0,
    )


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
