"""Which engine takes effects out: by the size of what it would have to hold."""

from __future__ import annotations

from collections.abc import Sequence

from harness_panel.resampling.absorb import Absorber, OneWay
from harness_panel.resampling.direct import Crossed
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.iterated import Iterated

MOST_SMALL_LEVELS = 2_000
"""Levels beside those of the largest grouping that are solved for exactly, at a cost of their cube."""

FEW_CELLS = 2**22
"""Pairs of levels that are held whatever the number of rows, 32 MB."""

CELLS_PER_ROW = 4
"""Pairs of levels that are held for each row of a larger panel."""


def absorber_of(groupings: Sequence[Grouping]) -> Absorber:
    """Return what absorbs groupings of the same rows.

    One is absorbed by means, several exactly by `Crossed`, and where that would take too much time or memory
    by `Iterated`.

    Parameters
    ----------
    groupings : at least one, that of the most levels first
    """
    large, *small = groupings
    if not small:
        return OneWay(large)
    crossed = Crossed(large, tuple(small))
    n_small = sum(one.n_levels for one in small)
    fits = crossed.n_cells <= max(FEW_CELLS, CELLS_PER_ROW * large.codes.size)
    return crossed if fits and n_small <= MOST_SMALL_LEVELS else Iterated(large, tuple(small))
