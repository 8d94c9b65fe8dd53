"""Effects taken out of columns by weighted least squares, for many sets of weights at once.

Notation: W the weights of one draw, D the dummies of all levels, V the columns. The effects of V are
``(D'WD)^+ D'WV``; what they leave, ``V - D effects``, is the within transformation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from harness import Floats
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


Solver = Callable[[Floats], Projection]
"""Projects columns times weights, (n_obs, n_draws, n_columns)."""


class Absorber(Protocol):
    """Groupings whose effects are taken out."""

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """Groupings of the same rows."""

    @property
    def n_cells(self) -> int:
        """Numbers that one set of weights takes, beside the rows."""

    def solver(self, weights: Floats) -> Solver:
        """Return what projects columns under weights, (n_obs, n_draws), >= 0."""

    def rank(self, weights: Floats) -> int:
        """Return the number of independent effects of the rows that have weight, (n_obs,)."""

    def leverage(self, weights: Floats) -> Floats:
        """Return the diagonal of the projection on the dummies under weights, (n_obs,), in (0, 1]."""


@dataclass(frozen=True, eq=False)
class OneWay:
    """Absorbs the levels of one grouping; a single level is the constant of a pooled regression."""

    grouping: Grouping

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """The one grouping."""
        return (self.grouping,)

    @property
    def n_cells(self) -> int:
        """Levels."""
        return self.grouping.n_levels

    def solver(self, weights: Floats) -> Solver:
        """Return what projects columns under weights: the effects are weighted means."""
        totals = self.grouping.sums(weights)[:, :, None]

        def project(weighted: Floats) -> Projection:
            sums = self.grouping.sums(weighted)
            return Projection((divide(sums, totals),), (sums,))

        return project

    def rank(self, weights: Floats) -> int:
        """Return the number of levels that have weight."""
        return int(np.count_nonzero(self.grouping.sums(weights)))

    def leverage(self, weights: Floats) -> Floats:
        """Return each row's share of the weight of its level, (n_obs,)."""
        shares: Floats = weights / self.grouping.sums(weights)[self.grouping.codes]
        return shares


@dataclass(frozen=True)
class Nothing:
    """Absorbs nothing, not even a constant: the regression goes through the origin."""

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """No grouping."""
        return ()

    @property
    def n_cells(self) -> int:
        """None."""
        return 0

    def solver(self, weights: Floats) -> Solver:  # noqa: ARG002 - whatever the weights
        """Return what gives no effects."""
        return lambda _: Projection((), ())

    def rank(self, weights: Floats) -> int:  # noqa: ARG002 - whatever the weights
        """Return zero."""
        return 0

    def leverage(self, weights: Floats) -> Floats:
        """Return zeros, which no row's leverage is raised by."""
        return np.zeros(weights.size)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, and zero where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


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
