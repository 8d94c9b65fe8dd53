"""An orthonormal basis of columns in their order of priority, written over the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats


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
        shares, left = split(columns[:, :size], columns[:, at] / lengths[at])
        length = float(np.linalg.norm(left))
        if length <= rounding[at] / lengths[at]:
            scaled = np.linalg.solve(triangle[:size, :size], shares)
            dependent.append(_dependence(at, kept, scaled * lengths[at], lengths))
            continue
        columns[:, size] = left / length
        triangle[:size, size], triangle[size, size] = shares, length
        kept.append(at)
    return kept, triangle[: len(kept), : len(kept)], tuple(dependent)


def split(basis: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return a target's coordinates in a basis, (n_kept,), and what they leave of it, (n_obs,)."""
    coordinates = basis.T @ target
    left = target - basis @ coordinates
    rest = basis.T @ left
    return coordinates + rest, left - basis @ rest


def _dependence(column: int, kept: Sequence[int], shares: Floats, lengths: Floats) -> Dependence:
    """Return the combination that makes a column, without its rounding errors."""
    counts = np.abs(shares) > 1e-8 * np.abs(shares).max()
    on = np.array(kept)[counts]
    coefficients = shares[counts] / lengths[on]
    return Dependence(column, tuple(on.tolist()), tuple(coefficients.tolist()))
