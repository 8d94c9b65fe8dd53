"""A protocol: every period is left out once, and predicted by models trained on all others.

evaluation: {protocols: [leave_one_period_out]}
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import EvaluationProtocol, Fold, Leak, Panel, hookimpl


@dataclass(frozen=True)
class LeaveOnePeriodOut:
    """Leave periods out one by one.

    Attributes
    ----------
    most : periods that are left out, the last ones where there are more
    """

    name: ClassVar[str] = "leave_one_period_out"
    title: ClassVar[str] = "Periods left out"
    leaks: ClassVar[tuple[Leak, ...]] = (
        Leak("same_entity", "rows of the same entity stand on both sides"),
        Leak("later_periods", "later periods are trained on than are tested"),
    )
    prepared_on: ClassVar[Literal["train", "all"]] = "train"
    stream: ClassVar[str] = "periods left out"

    most: Annotated[int, Field(ge=1)] = 10

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return f"Each of the last {self.most} periods is predicted by models trained on all other periods."

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each period that is left out."""
        return tuple(
            Fold(
                str(number),
                train=np.flatnonzero(panel.period != period),
                test=np.flatnonzero(panel.period == period),
                selection=None,
                split_unit="row",
            )
            for number, period in enumerate(np.unique(panel.period)[-self.most :], start=1)
        )

    def quick(self) -> LeaveOnePeriodOut:
        """Return a copy that leaves out at most three periods."""
        return replace(self, most=min(self.most, 3))


@hookimpl
def harness_protocols() -> list[type[EvaluationProtocol]]:
    """Return the protocols of this plugin."""
    return [LeaveOnePeriodOut]
