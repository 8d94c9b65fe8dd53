"""Compare on the rows trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator

from harness.data.panel import Panel
from harness.evaluation.fold import TRAINING_ROWS, Fold, Leak


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
