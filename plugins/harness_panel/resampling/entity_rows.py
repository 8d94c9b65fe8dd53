"""Rows gathered by entity, with weights: what random effects and between regressions are computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness import Floats, Panel
from harness_panel.resampling.absorb import Absorber, without_effects
from harness_panel.resampling.crossed import divide
from harness_panel.resampling.grouping import Grouping


@dataclass(frozen=True, eq=False)
class EntityRows:
    """Which entity each row belongs to, and how often rows and entities count.

    An entity that a draw holds k times, with all its rows, counts as k entities. Where a draw is of rows, a
    row that it holds k times is k rows of one entity.

    Attributes
    ----------
    grouping : rows by entity
    weights : (n_obs,), >= 0, how often a row counts within each copy of its entity
    copies : (n_entities,), >= 0, how often an entity counts
    """

    grouping: Grouping
    weights: Floats
    copies: Floats

    @classmethod
    def all_of(cls, panel: Panel) -> EntityRows:
        """Return every row and every entity of a panel, counted once."""
        return cls.drawn(panel, np.ones(panel.n_obs))

    @classmethod
    def drawn(cls, panel: Panel, weights: Floats) -> EntityRows:
        """Return the rows of one draw of weights, (n_obs,) counts."""
        grouping = Grouping.of(panel.entity.codes)
        first = weights[np.unique(grouping.codes, return_index=True)[1]]
        if np.array_equal(first[grouping.codes], weights):
            return cls(grouping, np.minimum(weights, 1.0), first)
        present = (grouping.sums(weights) > 0).astype(np.float64)
        return cls(grouping, weights, present)

    def with_left_out(self) -> EntityRows:
        """Return the rows of which those of entities that a draw left out count once each."""
        is_left_out = self.sizes == 0.0
        return replace(self, weights=np.where(is_left_out[self.grouping.codes], 1.0, self.weights))

    @property
    def sizes(self) -> Floats:
        """Rows of one copy of each entity, (n_entities,)."""
        return self.grouping.sums(self.weights)

    @property
    def row_weights(self) -> Floats:
        """How often each row counts in all, (n_obs,)."""
        return self.weights * self.copies[self.grouping.codes]

    @property
    def n_entities(self) -> float:
        """Number of entities, copies included."""
        return float(self.copies.sum())

    @property
    def n_obs(self) -> float:
        """Number of rows, copies included."""
        return float(self.row_weights.sum())

    def means(self, values: Floats) -> Floats:
        """Return the mean of each entity's rows, (n_entities, n_columns); zero without rows."""
        return divide(self.grouping.sums(self.weights[:, None] * values), self.sizes[:, None])

    def deviations(self, values: Floats) -> Floats:
        """Return columns, (n_obs, n_columns), less the means of their entities."""
        return without_effects(Absorber((self.grouping,)), values - values.mean(axis=0), self.weights)
