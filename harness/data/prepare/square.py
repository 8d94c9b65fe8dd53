"""The square of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName


@dataclass(frozen=True)
class Square:
    """``- square: {into: expersq, of: exper}``.

    Attributes
    ----------
    into : column that is computed, in squared units
    of : column it is computed from
    """

    name: ClassVar[str] = "square"

    into: ColumnName
    of: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return f"{self.of}²"

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "any number"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return no row: every number has a square."""
        return np.zeros(columns[self.of].shape, dtype=np.bool_)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,)."""
        return np.square(columns[self.of])
