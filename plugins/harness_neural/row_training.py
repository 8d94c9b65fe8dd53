"""MiniSom's training row by row, in a fraction of its time.

MiniSom computes the neighbourhood of the nearest unit anew at each step, by functions that take longer to
call than to compute. Here those of many steps are computed at once. Numbers are MiniSom's to the last digit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from minisom import MiniSom

from harness.plugin import Floats

# Steps whose neighbourhoods are computed at once.
N_AT_ONCE = 4096


class QuickSom(MiniSom):  # type: ignore[misc]  # MiniSom has no types
    """A map with a Gaussian neighbourhood on a rectangular grid, and MiniSom's own decay.

    Parameters
    ----------
    grid : (n_clusters, 2), places of the units
    """

    def __init__(self, grid: Floats, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as MiniSom has them
        super().__init__(*args, **kwargs)
        self._apart = np.power(grid[:, None] - grid[None], 2)
        self._units = self._weights.reshape(len(grid), -1)

    def train_random(self, data: Floats, num_iteration: int) -> None:
        """Move the units towards the nearest of them of each row, as often, rows in random order."""
        order = np.arange(num_iteration) % len(data)
        self._random_generator.shuffle(order)
        units, towards = self._units, np.empty_like(self._units)
        squares, distances = np.empty_like(units), np.empty(len(units))
        for first in range(0, num_iteration, N_AT_ONCE):
            rows = order[first : first + N_AT_ONCE]
            decay = 1.0 + np.arange(first, first + len(rows)) / (num_iteration / 2)
            for row, influence in zip(data[rows], self._influences(decay), strict=True):
                np.subtract(row, units, out=towards)
                np.square(towards, out=squares)
                np.sqrt(np.add.reduce(squares, axis=-1, out=distances), out=distances)
                np.multiply(influence[distances.argmin()], towards, out=towards)
                np.add(units, towards, out=units)

    def _influences(self, decay: Floats) -> Floats:
        """Return how far units move towards a row, (n_steps, n_nearest, n_clusters, 1)."""
        radius = self._sigma / decay
        width = 2 * radius * radius
        share = np.exp(-self._apart / width[:, None, None, None])
        rate = self._learning_rate / decay
        return np.asarray((share[..., :1] * share[..., 1:]) * rate[:, None, None, None])
