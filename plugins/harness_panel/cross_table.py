"""Two groupings crossed: how much weight stands in each pair of their levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness import Floats
from harness_panel.grouping import Grouping


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
