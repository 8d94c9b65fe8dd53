"""The natural logarithm of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName
from harness.data.prepare.step import refuse_impossible


@dataclass(frozen=True)
class Log:
    """``- log: {into: lwage, of: wage}``.

    Attributes
    ----------
    into : column that is computed, in log units
    of : column it is computed from, above 0
    """

    name: ClassVar[str] = "log"

    into: ColumnName
    of: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return f"log({self.of})"

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "numbers above 0"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), where the number is 0 or below."""
        return np.less_equal(columns[self.of], 0.0)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,)."""
        refuse_impossible(self, columns)
        return np.log(columns[self.of])
