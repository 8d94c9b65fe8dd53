"""Two crossed groupings, such as entities and periods, absorbed exactly on panels with any holes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness import Floats
from harness_panel.absorb import Projection, Solver, divide
from harness_panel.grouping import Grouping

_NULL = 1e-11
"""Eigenvalues of the reduced system below this share of a level's weight belong to its null space."""


@dataclass(frozen=True, eq=False)
class _Reduced:
    """The normal equations of the small grouping after the large one is swept out.

    Attributes
    ----------
    cells : (n_draws, n_large, n_small), weight of each pair of levels
    totals : (n_draws, n_large), weight of each level of the large grouping
    values, vectors : eigenvalues, (n_draws, n_small), and eigenvectors of the reduced matrix
        ``diag(small totals) - cells' diag(1 / large totals) cells``, a graph Laplacian
    """

    cells: Floats
    totals: Floats
    values: Floats
    vectors: Floats

    def is_identified(self) -> npt.NDArray[np.bool_]:
        """Say which directions are outside the null space, (n_draws, n_small)."""
        largest = self.cells.sum(axis=1).max(axis=1)
        identified: npt.NDArray[np.bool_] = self.values > _NULL * largest[:, None]
        return identified

    def solve(self, right: Floats) -> Floats:
        """Return the least-norm solution, (n_draws, n_small, n), of the reduced system."""
        inverse = np.divide(1.0, self.values, out=np.zeros_like(self.values), where=self.is_identified())
        return self.vectors @ (inverse[:, :, None] * (self.vectors.transpose(0, 2, 1) @ right))


@dataclass(frozen=True, eq=False)
class TwoWay:
    """Absorbs two crossed groupings.

    The levels of `large` are swept out by weighted means; what is left of `small` is solved for as it stands,
    so nothing is iterated and unbalanced panels are as exact as balanced ones (Wansbeek & Kapteyn 1989).

    Attributes
    ----------
    large, small : results do not depend on which is which; the cost grows with the cube of `small.n_levels`
    """

    large: Grouping
    small: Grouping

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """Both groupings, the large one first."""
        return (self.large, self.small)

    @cached_property
    def _pairs(self) -> Grouping:
        return Grouping.of(self.large.codes * self.small.n_levels + self.small.codes)

    def solver(self, weights: Floats) -> Solver:
        """Return what projects columns on the dummies of both groupings under weights."""
        reduced = self._reduce(weights)
        totals = reduced.totals[:, :, None]

        def project(weighted: Floats) -> Projection:
            sums = (self.large.sums(weighted), self.small.sums(weighted))
            large_sums, small_sums = (one.transpose(1, 0, 2) for one in sums)
            right = small_sums - reduced.cells.transpose(0, 2, 1) @ divide(large_sums, totals)
            small_effects = reduced.solve(right)
            large_effects = divide(large_sums - reduced.cells @ small_effects, totals)
            return Projection((large_effects.transpose(1, 0, 2), small_effects.transpose(1, 0, 2)), sums)

        return project

    def rank(self, weights: Floats) -> int:
        """Return the number of independent effects: all levels, less one for each connected part."""
        reduced = self._reduce(weights[:, None])
        return int(np.count_nonzero(reduced.totals) + np.count_nonzero(reduced.is_identified()))

    def leverage(self) -> Floats:
        """Return the diagonal of the unweighted projection on both sets of dummies, (n_obs,)."""
        rows = np.arange(self.large.codes.size)
        reduced = self._reduce(np.ones((rows.size, 1)))
        totals = reduced.totals[0, self.large.codes]
        swept = -reduced.cells[0, self.large.codes] / totals[:, None]
        swept[rows, self.small.codes] += 1.0
        leverage: Floats = 1.0 / totals + np.sum(swept * reduced.solve(swept.T[None])[0].T, axis=1)
        return leverage

    def _reduce(self, weights: Floats) -> _Reduced:
        """Sweep the large grouping out under weights, (n_obs, n_draws)."""
        shape = (weights.shape[1], self.large.n_levels, self.small.n_levels)
        cells = np.reshape(self._cells(weights), shape)
        totals = cells.sum(axis=2)
        matrix = -cells.transpose(0, 2, 1) @ divide(cells, totals[:, :, None])
        diagonal = np.arange(self.small.n_levels)
        matrix[:, diagonal, diagonal] += cells.sum(axis=1)
        return _Reduced(cells, totals, *np.linalg.eigh(matrix))

    def _cells(self, weights: Floats) -> Floats:
        """Return the weight of each pair of levels, (n_draws, n_large * n_small)."""
        n_cells = self.large.n_levels * self.small.n_levels
        if weights.shape[1] == 1:
            pairs = self.large.codes * self.small.n_levels + self.small.codes
            return np.bincount(pairs, weights=weights[:, 0], minlength=n_cells)[None].astype(np.float64)
        cells = np.zeros((weights.shape[1], n_cells))
        cells[:, self._pairs.levels] = self._pairs.sums(weights).T
        return cells
