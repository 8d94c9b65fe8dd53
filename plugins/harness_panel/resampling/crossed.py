"""The normal equations of crossed groupings, such as entities, periods and industries, whatever the holes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from harness import Floats, Ints
from harness_panel.resampling.grouping import Grouping


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, and zero where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


@dataclass(frozen=True, eq=False)
class CrossTable:
    """The pairs of levels of two groupings of the same rows."""

    first: Grouping
    second: Grouping

    @cached_property
    def _pairs(self) -> Grouping:
        return Grouping.of(self.first.codes * self.second.n_levels + self.second.codes)

    def weights(self, weights: Floats) -> Floats:
        """Return the weight of each pair, (n_draws, n_first, n_second), of weights, (n_obs, n_draws)."""
        n_draws, n_cells = weights.shape[1], self.first.n_levels * self.second.n_levels
        shape = (n_draws, self.first.n_levels, self.second.n_levels)
        if n_draws == 1:
            pairs = self.first.codes * self.second.n_levels + self.second.codes
            alone = np.bincount(pairs, weights=weights[:, 0], minlength=n_cells)
            return alone.astype(np.float64, copy=False).reshape(shape)
        cells = np.zeros((n_draws, n_cells))
        cells[:, self._pairs.levels] = self._pairs.sums(weights).T
        return cells.reshape(shape)


_NULL = 1e-11
"""Eigenvalues of the reduced system, which lie between 0 and the number of groupings, that count as zero."""

_BLOCK_BYTES = 2**23


@dataclass(frozen=True, eq=False)
class Reduced:
    """The normal equations of the small groupings after the large one is swept out.

    Attributes
    ----------
    cells : (n_draws, n_large, n_small), weight of each level of the large with each of the small groupings
    totals : (n_draws, n_large), weight of each level of the large grouping
    scale : (n_draws, n_small), one over the root of each small level's weight; zero without weight
    values, vectors : eigenvalues, (n_draws, n_small), and eigenvectors of the reduced matrix, scaled on both
        sides; of two groupings it is the normalised Laplacian of a graph
    """

    cells: Floats
    totals: Floats
    scale: Floats
    values: Floats
    vectors: Floats

    def is_identified(self) -> npt.NDArray[np.bool_]:
        """Say which directions are outside the null space, (n_draws, n_small)."""
        identified: npt.NDArray[np.bool_] = self.values > _NULL
        return identified

    def rank(self) -> int:
        """Return the number of independent effects of all groupings, for one set of weights."""
        return int(np.count_nonzero(self.totals) + np.count_nonzero(self.is_identified()))

    def solve(self, right: Floats) -> Floats:
        """Return a solution, (n_draws, n_small, n), of the reduced system: the one of least weighted norm."""
        inverse = np.divide(1.0, self.values, out=np.zeros_like(self.values), where=self.is_identified())
        scale = self.scale[:, :, None]
        turned = self.vectors.transpose(0, 2, 1) @ (scale * right)
        solution: Floats = scale * (self.vectors @ (inverse[:, :, None] * turned))
        return solution


@dataclass(frozen=True, eq=False)
class Crossed:
    """One grouping, whose levels are swept out, and others of the same rows.

    Attributes
    ----------
    large, small : the cost grows with the levels of `large` times those of `small`, and with the cube of
        those of `small`
    """

    large: Grouping
    small: tuple[Grouping, ...]

    @property
    def n_cells(self) -> int:
        """Pairs of levels that weights are held for; without small groupings, levels."""
        return self.large.n_levels * max(1, self._n_small)

    @cached_property
    def blocks(self) -> tuple[slice, ...]:
        """Where the levels of each small grouping are among those of all."""
        ends = np.cumsum([0, *(grouping.n_levels for grouping in self.small)]).tolist()
        return tuple(slice(*pair) for pair in pairwise(ends))

    @property
    def _n_small(self) -> int:
        return sum(grouping.n_levels for grouping in self.small)

    @cached_property
    def _with_large(self) -> tuple[CrossTable, ...]:
        return tuple(CrossTable(self.large, grouping) for grouping in self.small)

    @cached_property
    def _among_small(self) -> tuple[CrossTable, ...]:
        return tuple(CrossTable(*pair) for pair in combinations(self.small, 2))

    def leverage(self, weights: Floats) -> Floats:
        """Return the diagonal of the projection on all sets of dummies under weights, (n_obs,)."""
        reduced = self.reduce(weights[:, None])
        inverse = reduced.solve(np.eye(self._n_small)[None])[0]
        leverage = np.empty(weights.size)
        for rows in self._row_blocks(weights.size):
            large = self.large.codes[rows]
            totals = reduced.totals[0, large]
            swept = -reduced.cells[0, large] / totals[:, None]
            for grouping, block in zip(self.small, self.blocks, strict=True):
                swept[np.arange(large.size), block.start + grouping.codes[rows]] += 1.0
            leverage[rows] = weights[rows] * (1.0 / totals + np.sum(swept @ inverse * swept, axis=1))
        return leverage

    def _row_blocks(self, n_obs: int) -> Iterator[Ints]:
        height = max(1, _BLOCK_BYTES // (8 * max(1, self._n_small)))
        return (np.arange(start, min(start + height, n_obs)) for start in range(0, n_obs, height))

    def reduce(self, weights: Floats) -> Reduced:
        """Sweep the large grouping out under weights, (n_obs, n_draws)."""
        n_draws, n_small = weights.shape[1], self._n_small
        cells = np.empty((n_draws, self.large.n_levels, n_small))
        for block, table in zip(self.blocks, self._with_large, strict=True):
            cells[:, :, block] = table.weights(weights)
        totals = self.large.sums(weights).T
        matrix = -cells.transpose(0, 2, 1) @ divide(cells, totals[:, :, None])
        for (first, second), table in zip(combinations(self.blocks, 2), self._among_small, strict=True):
            together = table.weights(weights)
            matrix[:, first, second] += together
            matrix[:, second, first] += together.transpose(0, 2, 1)
        small_totals, diagonal = cells.sum(axis=1), np.arange(n_small)
        matrix[:, diagonal, diagonal] += small_totals
        scale = np.sqrt(divide(np.ones_like(small_totals), small_totals))
        matrix *= scale[:, :, None] * scale[:, None, :]
        return Reduced(cells, totals, scale, *np.linalg.eigh(matrix))
