"""The equations of crossed effects on sparse tables, solved by conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness import EstimationError, Floats, Problem
from harness_panel.absorb import divide
from harness_panel.screening import ROUNDING

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
