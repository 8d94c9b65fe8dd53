"""Rows sorted into named classes by thresholds of a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.prepare.elementwise import OneColumnStep
from harness.data.prepare.step import Column, Step

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Classes(OneColumnStep):
    """``- classes: {into: city_size, of: urban_population, at: [100, 500], labels: [small, large, mega]}``.

    A row is in the first class below the first threshold, and in the next class from each threshold on.
    Scenarios by group take the column by its labels; among numbers it is the position of the class, from 0.

    Attributes
    ----------
    into : column of classes
    of : column that is compared with the thresholds
    at : thresholds in the unit of `of`, increasing
    labels : names of the classes, one more than thresholds
    """

    name: ClassVar[str] = "classes"

    at: Annotated[tuple[Annotated[float, Field(allow_inf_nan=False)], ...], Field(min_length=1)]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if any(second <= first for first, second in pairwise(self.at)):
            message = f"thresholds increase, but at is {list(self.at)}"
            raise ValueError(message)
        if len(self.labels) != len(self.at) + 1 or len(set(self.labels)) < len(self.labels):
            n = len(self.at)
            message = f"{n} thresholds make {n + 1} classes; give each a label of its own"
            raise ValueError(message)

    @property
    def detail(self) -> str:
        """How rows are sorted."""
        classes = [f"{label} from {least:g}" for least, label in zip(self.at, self.labels[1:], strict=True)]
        return ", ".join([f"{self.of}: {self.labels[0]} below {self.at[0]:g}", *classes])

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the position of each row's class, (n_obs,); NaN where `of` is missing."""
        values = columns[self.of]
        position = np.searchsorted(self.at, values, side="right").astype(np.float64)
        return np.where(np.isnan(values), np.nan, position)


def named_classes(steps: Iterable[Step], columns: Mapping[str, Column]) -> dict[str, pd.Categorical]:
    """Return each row's class by its label, (n_obs,), by column of classes, in the order of the step."""
    import pandas as pd

    found: dict[str, pd.Categorical] = {}
    for step in steps:
        if isinstance(step, Classes) and step.into in columns:
            codes = np.nan_to_num(columns[step.into].cells, nan=-1.0).astype(np.int64)
            found[step.into] = pd.Categorical.from_codes(
                codes, pd.Index(step.labels, dtype=object), ordered=True
            )
    return found
