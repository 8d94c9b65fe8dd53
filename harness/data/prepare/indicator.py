"""Ones where a column has a value, zeros elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName


@dataclass(frozen=True)
class Indicator:
    """``- indicator: {into: d81, of: year, equals: 1981}``.

    Attributes
    ----------
    into : column that is computed, 0 or 1
    of : column it is computed from; the time column may be one, where its periods are numbers
    equals : value of `of` that is marked by 1
    """

    name: ClassVar[str] = "indicator"

    into: ColumnName
    of: ColumnName
    equals: Annotated[float, Field(allow_inf_nan=False)]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return f"1 where {self.of} = {self.equals:.15g}, else 0"

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "any number"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return no row: every number equals another or does not."""
        return np.zeros(columns[self.of].shape, dtype=np.bool_)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        values = columns[self.of]
        return np.where(np.isnan(values), np.nan, np.equal(values, self.equals))
