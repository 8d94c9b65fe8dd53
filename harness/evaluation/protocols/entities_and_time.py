"""Compare on entities that were not trained on, in periods after those trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.data.panel import Panel
from harness.evaluation.fold import Fold, Leak
from harness.evaluation.protocols.forward import last_periods
from harness.evaluation.protocols.held_out_entities import deal_entities


@dataclass(frozen=True)
class EntitiesAndTime:
    """Entities are held out and the last periods as well: training and test rows share neither.

    Attributes
    ----------
    folds : number of groups the entities are dealt into
    test_share : share of the periods held out; at least one period
    """

    name: ClassVar[str] = "entities_and_time"
    title: ClassVar[str] = "Held-out entities, forward in time"
    leaks: ClassVar[tuple[Leak, ...]] = ()
    prepared_on: ClassVar[Literal["train", "all"]] = "train"
    stream: ClassVar[str] = "entities"

    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"The entities are dealt into {self.folds} groups; the last {self.test_share:.0%} of the periods "
            "of each group are predicted by models trained, and selected, on earlier periods of others."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each group of entities; the other rows of a fold stand on neither side."""
        is_late = last_periods(panel, test_share=self.test_share, protocol=self.name)
        return tuple(
            Fold(
                str(number),
                train=np.flatnonzero(~is_theirs & ~is_late),
                test=np.flatnonzero(is_theirs & is_late),
                selection=None,
                split_unit="entity",
            )
            for number, is_theirs in enumerate(
                deal_entities(panel, n_groups=self.folds, protocol=self.name, rng=rng), start=1
            )
        )

    def quick(self) -> Self:
        """Return a copy with at most three groups."""
        return replace(self, folds=min(self.folds, 3))
