"""Which columns can be told apart from the effects and from each other, decided in order of priority."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness import Floats, Ints

_ROUNDING = 64.0 * np.finfo(np.float64).eps
"""What is shorter than this share of a column's size is rounding: its own, and that of what was taken out."""


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


@dataclass(frozen=True, eq=False)
class Screening:
    """Every column's fate, as positions.

    Attributes
    ----------
    kept : columns with a coefficient of their own
    constant : columns that do not vary
    absorbed : columns that the effects determine
    dependent : columns that earlier kept columns determine, together with the effects
    """

    kept: tuple[int, ...]
    constant: tuple[int, ...]
    absorbed: tuple[int, ...]
    dependent: tuple[Dependence, ...]


def screen(centred: Floats, within: Floats, *, largest: Floats) -> Screening:
    """Sort columns out; an earlier column is never dropped for a later one.

    Parameters
    ----------
    centred : (n_obs, n_columns), less their means, times the roots of the weights
    within : (n_obs, n_columns), less their effects, times the roots of the weights
    largest : (n_columns,), largest size of the raw columns times the root of the sum of weights; what
        rounding leaves of a column is proportional to it
    """
    length = np.linalg.norm(within, axis=0)
    is_constant = np.linalg.norm(centred, axis=0) <= _ROUNDING * largest
    is_absorbed = ~is_constant & (length <= _ROUNDING * largest)
    candidates = np.flatnonzero(~is_constant & ~is_absorbed)
    scaled = within[:, candidates] / length[candidates]
    tolerance = _ROUNDING * largest[candidates] / length[candidates]
    is_dependent = _find_dependent(scaled, tolerance)
    kept = candidates[~is_dependent]
    return Screening(
        kept=tuple(kept.tolist()),
        constant=tuple(np.flatnonzero(is_constant).tolist()),
        absorbed=tuple(np.flatnonzero(is_absorbed).tolist()),
        dependent=tuple(_explain(column, kept, within) for column in candidates[is_dependent].tolist()),
    )


def _find_dependent(columns: Floats, tolerance: Floats) -> npt.NDArray[np.bool_]:
    """Say which columns of unit length, (n_obs, n), are within `tolerance` of the span of earlier ones."""
    basis = np.empty((columns.shape[0], 0))
    is_dependent = np.zeros(columns.shape[1], dtype=np.bool_)
    for at, column in enumerate(columns.T):
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        length = np.linalg.norm(left)
        is_dependent[at] = length <= tolerance[at]
        if not is_dependent[at]:
            basis = np.column_stack([basis, left / length])
    return is_dependent


def _explain(column: int, kept: Ints, within: Floats) -> Dependence:
    """Return the combination of earlier kept columns that makes a column, without its rounding errors."""
    earlier = kept[kept < column]
    lengths = np.linalg.norm(within[:, earlier], axis=0)
    shares = np.linalg.lstsq(within[:, earlier] / lengths, within[:, column], rcond=None)[0]
    counts = np.abs(shares) > 1e-8 * np.abs(shares).max()
    coefficients = (shares / lengths)[counts]
    return Dependence(column, tuple(earlier[counts].tolist()), tuple(coefficients.tolist()))
