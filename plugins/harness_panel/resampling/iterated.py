"""Crossed groupings of many levels, absorbed by conjugate gradients on sparse cross-tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness import EstimationError, Floats, Ints, Problem
from harness_panel.resampling.absorb import Projection, Solver, divide
from harness_panel.resampling.collinearity import ROUNDING
from harness_panel.resampling.grouping import Grouping

if TYPE_CHECKING:
    from scipy import sparse


TOLERANCE = 1e-12
"""Error of the equations, relative to their right-hand side, at which iterating stops."""

_MOST_ROUNDS = 20_000


@dataclass(frozen=True, eq=False)
class SparseEquations:
    """The normal equations of one draw, the large grouping swept out, never formed.

    Attributes
    ----------
    cells : (n_large, n_small), weight of the pairs of levels there are
    among : (n_small, n_small), weight of the pairs among small levels
    totals : (n_large,)
    scale : (n_small,), one over the root of each small level's weight; zero without weight
    """

    cells: sparse.csr_array
    among: sparse.csr_array
    totals: Floats
    scale: Floats

    def solve(self, large: Floats, small: Floats, size: float) -> tuple[Floats, Floats]:
        """Return effects of the large and of the small levels, given sums of a column over each of them.

        Parameters
        ----------
        size : length of the column, which rounding is in proportion to

        Raises
        ------
        EstimationError
            Where the levels hang together so loosely that iterating does not end.
        """
        effects = self._small_effects(self._swept(small, large), size)
        return divide(large - self.cells @ effects, self.totals), effects

    def _swept(self, small: Floats, large: Floats) -> Floats:
        """Return sums over small levels less what the means of large levels explain of them."""
        explained: Floats = small - self.cells.T @ divide(large, self.totals)
        return explained

    def _small_effects(self, right: Floats, size: float) -> Floats:
        from scipy.sparse.linalg import LinearOperator, cg

        def multiplied(scaled: Floats) -> Floats:
            effects = self.scale * scaled.ravel()
            product: Floats = self.scale * self._swept(self.among @ effects, self.cells @ effects)
            return product

        operator = LinearOperator((right.size, right.size), matvec=multiplied, dtype=np.float64)
        solution, left_over = cg(
            operator, self.scale * right, rtol=TOLERANCE, atol=ROUNDING * size, maxiter=_MOST_ROUNDS
        )
        if left_over:
            raise EstimationError(
                Problem(
                    where="effects",
                    what=f"{_MOST_ROUNDS} rounds do not tell them apart, since their levels hardly overlap",
                    hint="absorb fewer effects, or leave out levels with few rows",
                )
            )
        effects: Floats = self.scale * solution
        return effects


@dataclass(frozen=True, eq=False)
class Iterated:
    """Absorbs two or more crossed groupings whose cross-tables are too large to be held.

    The engine for large panels: as `Crossed`, but levels are solved for by scipy's conjugate gradients, and
    only the pairs of levels that occur are held.

    Attributes
    ----------
    large, small : what is left of columns does not depend on which is which
    """

    large: Grouping
    small: tuple[Grouping, ...]

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """All groupings, the large one first."""
        return (self.large, *self.small)

    @property
    def n_cells(self) -> int:
        """Pairs of levels that weights are held for: at most one a row and small grouping."""
        return self.large.codes.size * len(self.small)

    @property
    def tolerance(self) -> float:
        """Relative error at which iterating stops."""
        return TOLERANCE

    @property
    def is_rank_exact(self) -> bool:
        """Whether `rank` is more than a bound: with two groupings, whose connected parts are counted."""
        return len(self.small) == 1

    @cached_property
    def _ends(self) -> Ints:
        return np.cumsum([one.n_levels for one in self.small])

    @cached_property
    def _dummies(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        from scipy import sparse

        return _dummy_matrix(self.large), sparse.hstack([_dummy_matrix(one) for one in self.small], "csr")

    def solver(self, weights: Floats) -> Solver:
        """Return what projects columns on the dummies of all groupings under weights, draw by draw."""
        equations = [self._equations(draw) for draw in weights.T]

        def project(weighted: Floats) -> Projection:
            sums = tuple(one.sums(weighted) for one in self.groupings)
            effects = tuple(np.zeros_like(one) for one in sums)
            sizes = np.sqrt(np.sum(divide(weighted**2, weights[:, :, None]), axis=0))
            for draw, own in enumerate(equations):
                for column, size in enumerate(sizes[draw].tolist()):
                    at = (slice(None), draw, column)
                    small_sums = np.concatenate([one[at] for one in sums[1:]])
                    large, small = own.solve(sums[0][at], small_sums, size)
                    parts = (large, *np.split(small, self._ends[:-1]))
                    for values, part in zip(effects, parts, strict=True):
                        values[at] = part
            return Projection(effects, sums)

        return project

    def rank(self, weights: Floats) -> int:
        """Return the number of independent effects of the rows that have weight; a bound above two groupings.

        Two groupings have as many effects as levels, less one for each connected part of the panel. Of each
        further grouping as many are taken off as it has connected parts with the grouping before it that it
        shares most with, which may leave dependent ones counted (Guimaraes & Portugal 2010; Correia 2017).
        """
        rows = np.flatnonzero(weights > 0)
        groupings = [Grouping.of(one.codes[rows]) for one in self.groupings]
        shared = [
            max(_connected_parts(one, before) for before in groupings[:at])
            for at, one in enumerate(groupings[1:], start=1)
        ]
        return sum(one.n_levels for one in groupings) - sum(shared)

    def leverage(self, weights: Floats) -> Floats:
        """Refuse, since it takes an inverse as large as the levels.

        Raises
        ------
        EstimationError
            Always.
        """
        levels = " and ".join(str(one.n_levels) for one in self.groupings)
        raise EstimationError(
            Problem(
                where="covariance",
                what=f"HC2 and HC3 need the leverage of all {weights.size} rows, which is not computed where "
                f"effects have as many as {levels} levels",
                expected="HC0, HC1, clustered and others",
                hint="choose another covariance",
            )
        )

    def _equations(self, weights: Floats) -> SparseEquations:
        large, small = self._dummies
        weighted = small.multiply(weights[:, None]).tocsr()
        totals, small_totals = large.T @ weights, small.T @ weights
        scale = np.sqrt(divide(np.ones_like(small_totals), small_totals))
        return SparseEquations((large.T @ weighted).tocsr(), (small.T @ weighted).tocsr(), totals, scale)


def _dummy_matrix(grouping: Grouping) -> sparse.csr_array:
    from scipy import sparse

    n_obs = grouping.codes.size
    return sparse.csr_array(
        (np.ones(n_obs), grouping.codes, np.arange(n_obs + 1)), shape=(n_obs, grouping.n_levels)
    )


def _connected_parts(first: Grouping, second: Grouping) -> int:
    """Return the number of parts of the rows that share no level of either grouping."""
    from scipy import sparse

    size = first.n_levels + second.n_levels
    links = (np.ones(first.codes.size), (first.codes, first.n_levels + second.codes))
    graph = sparse.coo_array(links, shape=(size, size))
    n_parts, _ = sparse.csgraph.connected_components(graph, directed=False)
    return int(n_parts)
