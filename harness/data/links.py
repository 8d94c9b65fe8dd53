"""Which rows are neighbours of which, and how much each of them counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from harness.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Links:
    """Neighbours of rows.

    Attributes
    ----------
    rows, others : (n_links,), positions of rows and of their neighbours
    weights : (n_links,), > 0; those of a row sum to one
    source : what tells neighbours, in words
    """

    rows: Ints
    others: Ints
    weights: Floats
    source: str

    @classmethod
    def standardised(cls, rows: Ints, others: Ints, weights: Floats, *, source: str) -> Self:
        """Return links with weights, (n_links,) > 0, over the sum of those of their row."""
        totals = np.bincount(rows, weights) if rows.size else np.zeros(1)
        return cls(rows, others, weights / totals[rows], source)

    def means(self, values: Floats) -> Floats:
        """Return the weighted mean of values over the neighbours, (n_obs,); NaN for a row without."""
        sums = np.bincount(self.rows, self.weights * values[self.others], values.size)
        return np.where(self.counts(values.size) > 0, sums, np.nan)

    def counts(self, n_obs: int) -> Ints:
        """Return how many neighbours each row has, (n_obs,)."""
        return np.bincount(self.rows, minlength=n_obs).astype(np.int64)
