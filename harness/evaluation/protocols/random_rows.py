"""Random rows held out, with honest selection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

from numpy.random import Generator
from pydantic import Field

from harness.data.panel import Panel
from harness.evaluation.fold import LATER_PERIODS, SAME_ENTITY, SAME_PERIOD, Fold, Leak
from harness.evaluation.protocols.random_split import split_rows


@dataclass(frozen=True)
class RandomRows:
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
    stream: ClassVar[str] = "random rows"

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    repeats: Annotated[int, Field(ge=1)] = 10

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
            for number, (train, test) in enumerate(
                split_rows(panel.n_obs, test_share=self.test_share, repeats=self.repeats, rng=rng), start=1
            )
        )

    def quick(self) -> Self:
        """Return a copy with at most three splits."""
        return replace(self, repeats=min(self.repeats, 3))
