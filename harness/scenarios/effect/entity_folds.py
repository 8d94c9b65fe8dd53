"""Folds of entities, on which nuisance functions are cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.errors import EstimationError, Problem


@dataclass(frozen=True, eq=False)
class EntityFolds:
    """Entities of the rows, and the folds that they are in.

    Attributes
    ----------
    entity : (n_obs,), 0 to n_entities - 1
    fold : (n_entities,), 0 to n_folds - 1
    """

    entity: Ints
    fold: Ints

    @classmethod
    def drawn(cls, codes: Ints, *, n_folds: int, rng: Generator) -> Self:
        """Return folds of entities, drawn at random and as equal in size as can be.

        Parameters
        ----------
        codes : (n_obs,), the entity of each row

        Raises
        ------
        EstimationError
            Where there are fewer entities than two for each fold.
        """
        present, entity = np.unique(codes, return_inverse=True)
        if present.size < 2 * n_folds:
            raise EstimationError(
                Problem(
                    "effect",
                    f"{present.size} entities are too few for {n_folds} folds",
                    expected=f"at least {2 * n_folds} entities",
                    hint="ask for fewer folds",
                )
            )
        return cls(entity, rng.permutation(np.arange(present.size) % n_folds))

    @property
    def n_entities(self) -> int:
        """Number of entities."""
        return int(self.fold.size)

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1

    def held_out(self, fold: int) -> Ints:
        """Return the positions of the rows of a fold."""
        return np.flatnonzero(self.fold[self.entity] == fold)

    def others(self, fold: int) -> Ints:
        """Return the positions of the rows of all other folds."""
        return np.flatnonzero(self.fold[self.entity] != fold)

    @property
    def weights(self) -> Floats:
        """By which folds of unequal size count alike, (n_entities,), 1 on average."""
        size = np.bincount(self.fold)
        return np.asarray(self.n_entities / (self.n_folds * size[self.fold]), dtype=np.float64)

    def summed(self, values: Floats) -> Floats:
        """Return sums over the rows of each entity, (n_entities, ...), of values, (n_obs, ...)."""
        table = values.reshape(self.entity.size, -1).T
        sums = [np.bincount(self.entity, weights=column, minlength=self.n_entities) for column in table]
        return np.asarray(
            np.stack(sums, axis=1).reshape(self.n_entities, *values.shape[1:]), dtype=np.float64
        )
