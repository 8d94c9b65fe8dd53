"""An orthonormal basis of columns in their order of priority, written over the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_panel.resampling.collinearity import Dependence


@dataclass(frozen=True, eq=False)
class Orthonormal:
    """Columns as combinations of an orthonormal basis.

    Attributes
    ----------
    kept : positions of the columns that are independent of those before them
    basis : (n_obs, n_kept)
    triangle : (n_kept, n_kept), upper; kept columns, scaled to unit length, are ``basis @ triangle``
    lengths : (n_kept,), of kept columns
    dependent : the other columns, and what they are combinations of
    """

    kept: tuple[int, ...]
    basis: Floats
    triangle: Floats
    lengths: Floats
    dependent: tuple[Dependence, ...]

    @property
    def to_coefficients(self) -> Floats:
        """Takes coordinates in the basis to coefficients of kept columns, (n_kept, n_kept)."""
        inverse: Floats = np.linalg.inv(self.triangle) / self.lengths[:, None]
        return inverse

    @property
    def condition(self) -> float:
        """Condition number of the kept columns scaled to unit length, >= 1."""
        return float(np.linalg.cond(self.triangle)) if self.kept else 1.0

    def split(self, target: Floats) -> tuple[Floats, Floats]:
        """Return a target's coordinates in the basis, (n_kept,), and what they leave of it, (n_obs,)."""
        return _split(self.basis, target)


def orthonormalise(
    columns: Floats, candidates: Sequence[int], *, lengths: Floats, tolerance: Floats
) -> Orthonormal:
    """Orthogonalise columns by classical Gram-Schmidt, each twice, overwriting them.

    Twice is enough: the basis is orthogonal to rounding as long as columns are independent to rounding
    (Giraud, Langou, Rozloznik & van den Eshof 2005), and the solution as accurate as that of Householder
    QR. An earlier column is never dropped for a later one.

    Parameters
    ----------
    columns : (n_obs, n_columns), in Fortran order; the basis is put in its first columns
    candidates : positions, ascending
    lengths : (n_columns,)
    tolerance : (n_columns,), what is shorter than this once the span of earlier columns is taken out, as a
        share of the column's length, is dependent on them
    """
    kept: list[int] = []
    dependent: list[Dependence] = []
    triangle = np.zeros((len(candidates), len(candidates)))
    for at in candidates:
        size = len(kept)
        shares, left = _split(columns[:, :size], columns[:, at] / lengths[at])
        length = float(np.linalg.norm(left))
        if length <= tolerance[at]:
            scaled = np.linalg.solve(triangle[:size, :size], shares)
            dependent.append(_dependence(at, kept, scaled * lengths[at], lengths))
            continue
        columns[:, size] = left / length
        triangle[:size, size], triangle[size, size] = shares, length
        kept.append(at)
    n_kept = len(kept)
    return Orthonormal(
        kept=tuple(kept),
        basis=columns[:, :n_kept],
        triangle=triangle[:n_kept, :n_kept],
        lengths=lengths[kept],
        dependent=tuple(dependent),
    )


def _split(basis: Floats, target: Floats) -> tuple[Floats, Floats]:
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
