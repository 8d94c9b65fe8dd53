"""Compare on the last periods, trained on the earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.evaluation.fold import SAME_ENTITY, Fold, Leak


@dataclass(frozen=True)
class Forward:
    """The last share of the periods is held out; models are selected on the last periods before them.

    Attributes
    ----------
    test_share : share of the periods held out; at least one period
    """

    name: ClassVar[str] = "forward"
    title: ClassVar[str] = "Forward in time"
    leaks: ClassVar[tuple[Leak, ...]] = (SAME_ENTITY,)
    prepared_on: ClassVar[Literal["train", "all"]] = "train"

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return (
            f"The last {self.test_share:.0%} of the periods are predicted by models trained on the earlier "
            "ones and selected on the last of those."
        )

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:  # noqa: ARG002 - nothing is drawn
        """Return the one split in time."""
        periods = np.unique(panel.period)
        n_test = max(1, round(self.test_share * periods.size))
        if n_test >= periods.size:
            raise EstimationError(
                Problem(
                    where=f"protocol {self.name}",
                    what=f"the panel has {periods.size} period(s) and {n_test} would be held out",
                    allowed="at least one period to train on",
                    mend="set a smaller test_share, or leave this protocol out",
                )
            )
        is_test = panel.period >= periods[-n_test]
        return (
            Fold(
                "1",
                train=np.flatnonzero(~is_test),
                test=np.flatnonzero(is_test),
                selection=None,
                split_unit="time",
            ),
        )

    def quick(self) -> Self:
        """Return itself: there is one split."""
        return self
