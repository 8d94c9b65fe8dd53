"""Which entities are neighbours, where a file says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.arrays import Floats, Ints, frozen_floats, frozen_ints
from harness.data.key import Key
from harness.data.links import Links


@dataclass(frozen=True, eq=False)
class Contiguity:
    """Pairs of entities that are neighbours.

    Attributes
    ----------
    entities : labels of those that have a neighbour, distinct
    ones, others : (n_pairs,), positions in `entities` of both sides of a pair, each pair once
    weights : (n_pairs,), > 0, how much a pair counts; any unit
    origin : what messages call the file
    """

    entities: tuple[str, ...]
    ones: Ints
    others: Ints
    weights: Floats
    origin: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "ones", frozen_ints(self.ones))
        object.__setattr__(self, "others", frozen_ints(self.others))
        object.__setattr__(self, "weights", frozen_floats(self.weights))

    def __reduce__(self) -> tuple[Callable[..., Contiguity], tuple[Any, ...]]:
        # Arrays come out of a pickle writable; going through __init__ locks them again.
        return Contiguity, (self.entities, self.ones, self.others, self.weights, self.origin)

    def links(self, entity: Key, period: Ints) -> Links:
        """Return the neighbours of rows among the rows of the same period, each pair in both directions.

        Weights are over the sum of those of a row's neighbours that have a row in the period.

        Parameters
        ----------
        entity : of the rows, matched by label
        period : (n_obs,); no two rows agree in entity and period
        """
        own = entity.codes_among(self.entities)
        periods, column = np.unique(period, return_inverse=True)
        row_of = np.full((len(self.entities) + 1, periods.size), -1, dtype=np.int64)
        row_of[own, column] = np.arange(own.size)
        row_of[-1] = -1
        here = row_of[np.concatenate([self.ones, self.others])].ravel()
        there = row_of[np.concatenate([self.others, self.ones])].ravel()
        weights = np.repeat(np.tile(self.weights, 2), periods.size)
        both = (here >= 0) & (there >= 0)
        return Links.standardised(
            here[both], there[both], weights[both], source=f"neighbours by {self.origin}"
        )
