"""Protocols that compare on random rows, or on the rows trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.evaluation.protocol import (
    ALL_ROWS_PREPARED,
    LATER_PERIODS,
    SAME_ENTITY,
    SAME_PERIOD,
    TEST_SELECTION,
    TRAINING_ROWS,
    Fold,
    Leak,
)


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
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 10

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"A random {self.test_share:.0%} of the rows are held out, {self.repeats} times; "
            "models are selected on other random rows, set aside from the training rows."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return `repeats` random splits of rows; test rows that leak into the selection are selected on."""
        selects_on_test = TEST_SELECTION in self.leaks
        pairs = split_rows(panel.n_obs, test_share=self.test_share, repeats=self.repeats, rng=rng)
        return tuple(
            Fold(str(number), train, test, test if selects_on_test else None, split_unit="row")
            for number, (train, test) in enumerate(pairs, start=1)
        )

    def quick(self) -> Self:
        """Return a copy with at most three splits."""
        return replace(self, repeats=min(self.repeats, 3))


@dataclass(frozen=True)
class AsPublished(RandomRows):
    """A random share of rows is held out, repeatedly; networks are selected on the held-out rows.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    name: ClassVar[str] = "as_published"
    title: ClassVar[str] = "As published (random rows)"
    leaks: ClassVar[tuple[Leak, ...]] = (*RandomRows.leaks, TEST_SELECTION, ALL_ROWS_PREPARED)
    prepared_on: ClassVar[Literal["train", "all"]] = "all"

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"A random {self.test_share:.0%} of the rows are held out, {self.repeats} times; "
            "models are selected on the held-out rows."
        )


def split_rows(
    n_obs: int, *, test_share: float, repeats: int, rng: Generator
) -> tuple[tuple[Ints, Ints], ...]:
    """Return pairs of training and test rows, sorted positions.

    Parameters
    ----------
    test_share : in (0, 1)
    repeats : >= 1, number of pairs

    Raises
    ------
    EstimationError
        Where a side would be empty.
    """
    n_test = round(test_share * n_obs)
    if not 1 <= n_test < n_obs:
        raise EstimationError.at(
            where="random split of rows",
            what=f"{test_share:.0%} of {n_obs} rows leaves {n_test} to test on",
            expected="at least one row on each side",
            hint="change test_share, or leave this protocol out",
        )
    orders = [rng.permutation(n_obs) for _ in range(repeats)]
    return tuple((np.sort(order[n_test:]), np.sort(order[:n_test])) for order in orders)


@dataclass(frozen=True)
class InSample:
    """All rows train, select and are compared on; what a regression table's R2 rests on."""

    name: ClassVar[str] = "in_sample"
    title: ClassVar[str] = "In sample"
    leaks: ClassVar[tuple[Leak, ...]] = (TRAINING_ROWS,)
    prepared_on: ClassVar[Literal["train", "all"]] = "all"
    stream: ClassVar[str] = "in sample"

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return "All rows are trained on, select the model and are compared on."

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return the one fold in which both sides are the whole panel."""
        rows = np.arange(panel.n_obs)
        return (Fold("1", train=rows, test=rows, selection=rows, split_unit="row"),)

    def quick(self) -> Self:
        """Return itself: there is one split."""
        return self
