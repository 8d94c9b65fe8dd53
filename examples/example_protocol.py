"""A protocol: each group of a column is left out once, and predicted by models trained on the others.

evaluation: {protocols: [{use: leave_one_group_out, by: region}]}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from harness.plugin import EvaluationProtocol, Fold, Leak, Panel, hookimpl


@dataclass(frozen=True)
class LeaveOneGroupOut(EvaluationProtocol):
    """Leave groups of rows out one by one.

    Attributes
    ----------
    by : column that groups rows; it needs no role in the study
    """

    name: ClassVar[str] = "leave_one_group_out"
    title: ClassVar[str] = "Groups left out"
    leaks: ClassVar[tuple[Leak, ...]] = (
        Leak("same_entity", "rows of an entity may be in both training and test data"),
        Leak("same_period", "rows of the same period are in both training and test data"),
    )
    stream: ClassVar[str] = "groups left out"

    by: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data that `split` needs."""
        return (self.by,)

    @property
    def how(self) -> str:
        """One sentence for the report."""
        return f"Each {self.by} is predicted by models trained on all others."

    def split(self, panel: Panel, *, rng: Generator) -> tuple[Fold, ...]:
        """Return one fold for each group, called by its label."""
        group = panel.group(self.by)
        return tuple(
            Fold(
                label,
                train=np.flatnonzero(group.codes != code),
                test=np.flatnonzero(group.codes == code),
                selection=None,
                split_unit="entity",
            )
            for code, label in enumerate(group.labels)
        )

    def quick(self) -> LeaveOneGroupOut:
        """Return itself: groups are few."""
        return self


@hookimpl
def harness_protocols() -> list[type[EvaluationProtocol]]:
    """Return the protocols of this plugin."""
    return [LeaveOneGroupOut]
