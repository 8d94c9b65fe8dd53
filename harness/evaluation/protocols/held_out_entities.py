"""Compare on entities that were not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Mask
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.evaluation.fold import SAME_PERIOD, Fold, Leak


@dataclass(frozen=True)
class HeldOutEntities:
    """Grouped cross-validation: every entity is tested once, by a model that never saw it.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    """

    name: ClassVar[str] = "held_out_entities"
    title: ClassVar[str] = "Held-out entities"
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_PERIOD,)
    prepared_on: ClassVar[Literal["train", "all"]] = "train"
    stream: ClassVar[str] = "entities"

    folds: Annotated[int, Field(ge=2, le=10_000)] = 5

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"The entities are dealt into {self.folds} groups; each group is predicted by models trained, "
            "and selected, on other entities."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each group of entities."""
        return tuple(
            Fold(
                str(number),
                train=np.flatnonzero(~is_test),
                test=np.flatnonzero(is_test),
                selection=None,
                split_unit="entity",
            )
            for number, is_test in enumerate(
                deal_entities(panel, n_groups=self.folds, protocol=self.name, rng=rng), start=1
            )
        )

    def quick(self) -> Self:
        """Return a copy with at most three groups."""
        return replace(self, folds=min(self.folds, 3))


def deal_entities(panel: Panel, *, n_groups: int, protocol: str, rng: Generator) -> tuple[Mask, ...]:
    """Deal the entities into groups of equal size, give or take one.

    Returns
    -------
    For each group which rows are its entities', (n_obs,).

    Raises
    ------
    EstimationError
        Where there are fewer entities than groups.
    """
    entities = np.unique(panel.entity.codes)
    if entities.size < n_groups:
        raise EstimationError(
            Problem(
                where=f"protocol {protocol}",
                what=f"{entities.size} entities cannot be dealt into {n_groups} groups",
                expected="at least as many entities as groups",
                hint="set a smaller number of folds, or leave this protocol out",
            )
        )
    groups = np.array_split(rng.permutation(entities), n_groups)
    return tuple(np.isin(panel.entity.codes, group) for group in groups)
