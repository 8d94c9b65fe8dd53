"""Effects taken out of columns by weighted least squares, for many sets of weights at once.

Notation: W the weights of one draw, D the dummies of all levels, V the columns. The effects of V are
``(D'WD)^+ D'WV``; what they leave, ``V - D effects``, is the within transformation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness import EstimationError, Floats, Problem
from harness_panel.resampling.crossed import Crossed, Reduced, divide
from harness_panel.resampling.grouping import Grouping


@dataclass(frozen=True, eq=False)
class Projection:
    """Columns projected on the dummies of groupings, in the order of the groupings.

    Attributes
    ----------
    effects : (n_levels, n_draws, n_columns) each; zero at levels without weight
    sums : (n_levels, n_draws, n_columns) each, weighted sums of the columns over each level
    """

    effects: tuple[Floats, ...]
    sums: tuple[Floats, ...]

    def explained(self) -> Floats:
        """Return V'W D effects, (n_draws, n_columns, n_columns): what the effects explain of V'WV."""
        parts = [
            sums.transpose(1, 2, 0) @ effects.transpose(1, 0, 2)
            for sums, effects in zip(self.sums, self.effects, strict=True)
        ]
        explained: Floats = np.sum(parts, axis=0)
        return explained


@dataclass(frozen=True, eq=False)
class Solver:
    """Projects columns on the dummies of groupings under some weights.

    Attributes
    ----------
    groupings : one at least
    blocks : where the levels of all but the first are among those of all but the first
    reduced : normal equations of these
    """

    groupings: tuple[Grouping, ...]
    blocks: tuple[slice, ...]
    reduced: Reduced

    def __call__(self, weighted: Floats) -> Projection:
        """Project columns times weights, (n_obs, n_draws, n_columns)."""
        return self.of_sums(tuple(grouping.sums(weighted) for grouping in self.groupings))

    def of_sums(self, sums: tuple[Floats, ...]) -> Projection:
        """Project columns whose sums over the levels of each grouping are known, as `Projection` has them."""
        reduced = self.reduced
        totals, first = reduced.totals[:, :, None], sums[0].transpose(1, 0, 2)
        others = np.concatenate([sums[0][:0], *sums[1:]]).transpose(1, 0, 2)
        small = reduced.solve(others - reduced.cells.transpose(0, 2, 1) @ divide(first, totals))
        large = divide(first - reduced.cells @ small, totals)
        parts = (large, *(small[:, block] for block in self.blocks))
        return Projection(tuple(part.transpose(1, 0, 2) for part in parts), sums)


@dataclass(frozen=True, eq=False)
class Absorber:
    """Takes the effects of groupings of the same rows out of columns.

    The levels of the first are swept out by weighted means; what is left of the others is solved for as it
    stands, so nothing is iterated and unbalanced panels are as exact as balanced ones (Wansbeek & Kapteyn
    1989). Where groupings share what they explain, it goes to the first.

    Attributes
    ----------
    groupings : what is left of columns does not depend on their order, the cost does; a single level is the
        constant of a pooled regression, and no grouping leaves columns as they are
    """

    groupings: tuple[Grouping, ...]

    @classmethod
    def constant(cls, n_obs: int) -> Absorber:
        """Return what takes a constant out of rows."""
        return cls((Grouping.of(np.zeros(n_obs, dtype=np.int64)),))

    @property
    def n_cells(self) -> int:
        """Numbers that one set of weights takes, beside the rows."""
        return self._crossed.n_cells if self.groupings else 0

    @cached_property
    def _crossed(self) -> Crossed:
        return Crossed(self.groupings[0], self.groupings[1:])

    def solver(self, weights: Floats) -> Solver:
        """Return what projects columns on the dummies of a grouping or more, under weights, (n_obs, n)."""
        return Solver(self.groupings, self._crossed.blocks, self._crossed.reduce(weights))

    def rank(self, weights: Floats) -> int:
        """Return the number of independent effects of the rows that have weight, (n_obs,)."""
        if not self.groupings:
            return 0
        return self._crossed.reduce((weights > 0).astype(np.float64)[:, None]).rank()

    def leverage(self, weights: Floats) -> Floats:
        """Return the diagonal of the projection on the dummies under weights, (n_obs,), in [0, 1]."""
        return self._crossed.leverage(weights) if self.groupings else np.zeros(weights.size)


MOST_SMALL_LEVELS = 4_000
"""Levels beside those of the largest grouping that are solved for, at a cost of their cube."""

MOST_CELLS = 2**27
"""Pairs of levels that are held, 1 GB."""


def absorber_of(groupings: Sequence[Grouping]) -> Absorber:
    """Return what absorbs groupings of the same rows, that of the most levels first.

    Raises
    ------
    EstimationError
        Where solving for the levels would take too much time or memory.
    """
    absorber, n_small = Absorber(tuple(groupings)), sum(grouping.n_levels for grouping in groupings[1:])
    if n_small and (n_small > MOST_SMALL_LEVELS or absorber.n_cells > MOST_CELLS):
        levels = " and ".join(str(grouping.n_levels) for grouping in groupings)
        raise EstimationError(
            Problem(
                where="effects",
                what=f"effects of {levels} levels are too many to be solved for at once",
                expected=f"up to {MOST_SMALL_LEVELS} levels beside the largest set",
                hint="use an estimator of harness_fixest, which iterates, or absorb fewer effects",
            )
        )
    return absorber


_BLOCK_BYTES = 2**22
"""Size of the blocks of columns that effects are taken out of at once."""


def absorb_in_place(absorber: Absorber, columns: Floats, weights: Floats) -> tuple[Floats, ...]:
    """Take effects out of columns, overwriting them, and return the effects.

    Projecting twice leaves effects of rounding size only, whatever the size of those taken out first
    (Giraud, Langou, Rozloznik & van den Eshof 2005, "twice is enough").

    Parameters
    ----------
    columns : (n_obs, n_columns)
    weights : (n_obs,), >= 0

    Returns
    -------
    (n_levels, n_columns) each, in the order of the absorber's groupings.
    """
    n_obs, n_columns = columns.shape
    effects = tuple(np.zeros((grouping.n_levels, n_columns)) for grouping in absorber.groupings)
    if not effects:
        return effects
    project = absorber.solver(weights[:, None])
    width = max(1, _BLOCK_BYTES // (8 * n_obs))
    for start in range(0, n_columns, width):
        block = slice(start, start + width)
        for _ in range(2):
            step = project((weights[:, None] * columns[:, block])[:, None, :]).effects
            for total, more, grouping in zip(effects, step, absorber.groupings, strict=True):
                total[:, block] += more[:, 0]
                columns[:, block] -= more[grouping.codes, 0]
    return effects


def without_effects(absorber: Absorber, values: Floats, weights: Floats) -> Floats:
    """Return columns, (n_obs, n_columns), without their effects under weights, (n_obs,)."""
    columns = np.array(values, order="F")
    absorb_in_place(absorber, columns, weights)
    return columns
