"""The product of columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName


@dataclass(frozen=True)
class Product:
    """``- product: {into: digital_x_gdp, of: [digital, gdp_pc]}``.

    Attributes
    ----------
    into : column that is computed
    of : columns it is computed from, at least two
    """

    name: ClassVar[str] = "product"

    into: ColumnName
    of: Annotated[tuple[ColumnName, ...], Field(min_length=2)]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return self.of

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return " x ".join(self.of)

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "any numbers"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return no row: all numbers have a product."""
        return np.zeros(columns[self.of[0]].shape, dtype=np.bool_)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,), multiplied in alphabetic order, whatever that of the spec."""
        return np.asarray(np.prod([columns[name] for name in sorted(self.of)], axis=0))
