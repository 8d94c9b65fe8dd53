"""One column over another, such as emissions per head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName
from harness.data.prepare.step import refuse_impossible


@dataclass(frozen=True)
class Ratio:
    """``- ratio: {into: co2_per_head, of: co2, over: population}``.

    Attributes
    ----------
    into : column that is computed, in units of `of` per unit of `over`, times `scale`
    of : numerator
    over : denominator, not 0
    scale : that the ratio is multiplied by, to change its unit, such as 100 for per cent
    """

    name: ClassVar[str] = "ratio"

    into: ColumnName
    of: ColumnName
    over: ColumnName
    scale: float = 1.0

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of, self.over)

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return f"{self.of} / {self.over}" + (f" x {self.scale:g}" if self.scale != 1.0 else "")

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return f"'{self.over}' other than 0"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), where the denominator is 0."""
        return np.equal(columns[self.over], 0.0)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,)."""
        refuse_impossible(self, columns)
        return self.scale * columns[self.of] / columns[self.over]
