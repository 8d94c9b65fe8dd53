"""Random splits of rows, and what the protocols that make them have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Ints
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem


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
        raise EstimationError(
            Problem(
                where="random split of rows",
                what=f"{test_share:.0%} of {n_obs} rows leaves {n_test} to test on",
                expected="at least one row on each side",
                hint="change test_share, or leave this protocol out",
            )
        )
    orders = [rng.permutation(n_obs) for _ in range(repeats)]
    return tuple((np.sort(order[n_test:]), np.sort(order[:n_test])) for order in orders)


@dataclass(frozen=True)
class RandomSplits:
    """Repeated random splits of rows, the same for every protocol that makes them.

    Attributes
    ----------
    test_share : share of the rows held out
    repeats : number of random splits
    """

    stream: ClassVar[str] = "random rows"

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 10

    def pairs(self, panel: Panel, rng: Generator) -> tuple[tuple[Ints, Ints], ...]:
        """Return `repeats` pairs of training and test rows (see `split_rows`)."""
        return split_rows(panel.n_obs, test_share=self.test_share, repeats=self.repeats, rng=rng)

    def quick(self) -> Self:
        """Return a copy with at most three splits."""
        return replace(self, repeats=min(self.repeats, 3))
