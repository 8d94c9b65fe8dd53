"""The protocol of the published study: random rows, selected on the rows that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from numpy.random import Generator

from harness.data.panel import Panel
from harness.evaluation.fold import (
    ALL_ROWS_PREPARED,
    LATER_PERIODS,
    SAME_ENTITY,
    SAME_PERIOD,
    TEST_SELECTION,
    Fold,
    Leak,
)
from harness.evaluation.protocols.random_split import RandomSplits


@dataclass(frozen=True)
class AsPublished(RandomSplits):
    """A random share of rows is held out, repeatedly; networks are selected on the held-out rows.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    name: ClassVar[str] = "as_published"
    title: ClassVar[str] = "As published (random rows)"
    leaks: ClassVar[tuple[Leak, ...]] = (
        SAME_ENTITY,
        SAME_PERIOD,
        LATER_PERIODS,
        TEST_SELECTION,
        ALL_ROWS_PREPARED,
    )
    prepared_on: ClassVar[Literal["train", "all"]] = "all"

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"A random {self.test_share:.0%} of the rows are held out, {self.repeats} times; "
            "models are selected on the held-out rows."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return `repeats` random splits of rows; the test rows are also the selection rows."""
        return tuple(
            Fold(str(number), train=train, test=test, selection=test, split_unit="row")
            for number, (train, test) in enumerate(self.pairs(panel, rng), start=1)
        )
