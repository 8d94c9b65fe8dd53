"""Sums over the rows of each entity, of which draws of whole entities are weighted sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, Grouping, Ints

MOST_SUMS = 2**25
"""Sums of columns over the levels of each entity's rows that are held, 256 MB."""


@dataclass(frozen=True, eq=False)
class EntitySums:
    """Sums of products, and of columns over the levels of some groupings, entity by entity.

    Attributes
    ----------
    first : (n_entities,), a row of each
    pairs : positions of the columns that are multiplied, (n_pairs,) each, the first up to the second
    products : (n_pairs, n_entities)
    levels : by grouping, (n_entities, n_levels, n_columns); of a grouping by entities its own level alone,
        (n_entities, n_columns)
    """

    first: Ints
    pairs: tuple[Ints, Ints]
    products: Floats
    levels: tuple[Floats, ...]

    @classmethod
    def of(
        cls, entities: Grouping, columns: Floats, weights: Floats, groupings: Sequence[Grouping]
    ) -> EntitySums | None:
        """Return the sums of columns, (n_obs, n_columns); None where they would be too many.

        Parameters
        ----------
        weights : (n_obs,), > 0, how much a row counts
        groupings : of the same rows
        """
        n_entities, width = entities.n_levels, columns.shape[1]
        others = [grouping for grouping in groupings if not np.array_equal(grouping.codes, entities.codes)]
        if sum(grouping.n_levels for grouping in others) * n_entities * width > MOST_SUMS:
            return None
        by_column = np.ascontiguousarray(columns.T)
        weighted = by_column * weights
        pairs = np.triu_indices(width)
        products = np.empty((pairs[0].size, n_entities))
        for at, (one, other) in enumerate(zip(*pairs, strict=True)):
            products[at] = entities.sums(weighted[one] * by_column[other])
        levels = tuple(_sums(entities, weighted, grouping) for grouping in groupings)
        return cls(np.unique(entities.codes, return_index=True)[1], pairs, products, levels)

    def cross(self, counts: Floats) -> Floats:
        """Return sums of products, (n_draws, n_columns, n_columns).

        Parameters
        ----------
        counts : (n_draws, n_entities), how often each is drawn
        """
        sums, width = counts @ self.products.T, int(self.pairs[0].max()) + 1
        cross = np.empty((len(counts), width, width))
        first, second = self.pairs
        cross[:, first, second] = sums
        cross[:, second, first] = sums
        return cross

    def by_level(self, counts: Floats) -> tuple[Floats, ...]:
        """Return sums of columns over the levels of each grouping, (n_levels, n_draws, n_columns)."""
        return tuple(
            counts.T[:, :, None] * sums[:, None, :]
            if sums.ndim == 2
            else np.tensordot(counts, sums, axes=1).transpose(1, 0, 2)
            for sums in self.levels
        )


def _sums(entities: Grouping, weighted: Floats, grouping: Grouping) -> Floats:
    """Return sums of columns, (n_columns, n_obs), over the rows of each entity and level."""
    if np.array_equal(grouping.codes, entities.codes):
        return np.stack([entities.sums(column) for column in weighted], axis=1)
    n_cells = entities.n_levels * grouping.n_levels
    cells = entities.codes * grouping.n_levels + grouping.codes
    sums: Floats = np.empty((n_cells, len(weighted)))
    for at, column in enumerate(weighted):
        sums[:, at] = np.bincount(cells, column, n_cells)
    return sums.reshape(entities.n_levels, grouping.n_levels, len(weighted))
