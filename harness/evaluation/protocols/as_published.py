"""The protocol of the published study: random rows, selected on the rows that are compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.evaluation.fold import (
    ALL_ROWS_PREPARED,
    LATER_PERIODS,
    SAME_ENTITY,
    TEST_SELECTION,
    Fold,
    Leak,
)


@dataclass(frozen=True)
class AsPublished:
    """A random share of rows is held out, repeatedly; networks are selected on the held-out rows.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    name: ClassVar[str] = "as_published"
    title: ClassVar[str] = "As published (random rows)"
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_ENTITY, LATER_PERIODS, TEST_SELECTION, ALL_ROWS_PREPARED)
    prepared_on: ClassVar[Literal["train", "all"]] = "all"

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    repeats: Annotated[int, Field(ge=1)] = 10

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"A random {self.test_share:.0%} of the rows are held out, {self.repeats} times; "
            "models are selected on the held-out rows."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return `repeats` random splits of rows; the test rows are also the selection rows."""
        n_test = round(self.test_share * panel.n_obs)
        if not 1 <= n_test < panel.n_obs:
            raise EstimationError(
                Problem(
                    where=f"protocol {self.name}",
                    what=f"{self.test_share:.0%} of {panel.n_obs} rows leaves {n_test} to test on",
                    allowed="at least one row on each side",
                    mend="change test_share, or leave this protocol out",
                )
            )
        folds = []
        for repeat in range(self.repeats):
            order = rng.permutation(panel.n_obs)
            test = np.sort(order[:n_test])
            train = np.sort(order[n_test:])
            folds.append(Fold(str(repeat + 1), train=train, test=test, selection=test, split_unit="row"))
        return tuple(folds)

    def quick(self) -> Self:
        """Return a copy with at most three splits."""
        return replace(self, repeats=min(self.repeats, 3))
