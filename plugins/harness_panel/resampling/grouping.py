"""Rows sorted into levels: the entity, the period or the cluster each row belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness import Floats, Ints, numbered


@dataclass(frozen=True, eq=False)
class Grouping:
    """The level of every row; every level has at least one row.

    Attributes
    ----------
    codes : (n_obs,), in 0 .. n_levels - 1
    levels : (n_levels,), sorted; what the codes were before, such as positions among a key's labels
    """

    codes: Ints
    levels: Ints

    @classmethod
    def of(cls, values: Ints) -> Grouping:
        """Return the grouping of rows by equal values, (n_obs,), >= 0."""
        levels, codes = numbered(values)
        return cls(codes, levels)

    @classmethod
    def of_pairs(cls, first: Ints, second: Ints) -> Grouping:
        """Return the grouping of rows by equal pairs of non-negative values, (n_obs,) each."""
        return cls.of(first * (int(second.max()) + 1) + second)

    @property
    def n_levels(self) -> int:
        """Number of levels."""
        return int(self.levels.size)

    @cached_property
    def _order(self) -> Ints | None:
        """Rows sorted by level; None where they are so already, which spares a copy of every array summed."""
        is_sorted = bool(np.all(self.codes[1:] >= self.codes[:-1]))
        return None if is_sorted else np.argsort(self.codes, kind="stable")

    @cached_property
    def _starts(self) -> Ints:
        counts = np.bincount(self.codes, minlength=self.n_levels)
        return np.concatenate([[0], np.cumsum(counts)[:-1]])

    def sums(self, values: Floats) -> Floats:
        """Return the sum over each level's rows, (n_levels, ...), of values, (n_obs, ...)."""
        if values.size == values.shape[0]:
            flat = np.bincount(self.codes, weights=values.ravel(), minlength=self.n_levels)
            return flat.astype(np.float64, copy=False).reshape(self.n_levels, *values.shape[1:])
        ordered = values if self._order is None else values[self._order]
        return np.add.reduceat(ordered, self._starts, axis=0)
