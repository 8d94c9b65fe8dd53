"""Random rows held out, with honest selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from numpy.random import Generator

from harness.data.panel import Panel
from harness.evaluation.fold import LATER_PERIODS, SAME_ENTITY, SAME_PERIOD, Fold, Leak
from harness.evaluation.protocols.random_split import RandomSplits


@dataclass(frozen=True)
class RandomRows(RandomSplits):
    """The same random splits as ``as_published``, but models are selected inside the training rows.

    The difference of the two protocols is what selection on the test rows is worth.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    name: ClassVar[str] = "random_rows"
    title: ClassVar[str] = "Random rows"
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_ENTITY, SAME_PERIOD, LATER_PERIODS)
    prepared_on: ClassVar[Literal["train", "all"]] = "train"

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"A random {self.test_share:.0%} of the rows are held out, {self.repeats} times; "
            "models are selected on other random rows, set aside from the training rows."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return `repeats` random splits of rows."""
        return tuple(
            Fold(str(number), train=train, test=test, selection=None, split_unit="row")
            for number, (train, test) in enumerate(self.pairs(panel, rng), start=1)
        )
