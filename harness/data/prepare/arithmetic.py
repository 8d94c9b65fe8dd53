"""Steps that compute a column from several of its row: product, ratio, weighted sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName
from harness.data.prepare.step import refuse_impossible


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


@dataclass(frozen=True)
class Emissions:
    """``- emissions: {into: co2, factors: {gas: 2.1622, lpg: 3.1031, electricity: 1.3023}}``.

    The sum of factor times use over kinds of energy. With factors in kg per m³, kg or kWh, columns in
    10^7 m³, 10^4 t and 10^7 kWh give 10^4 t.

    Attributes
    ----------
    into : column that is computed, in units of factor times use
    factors : emissions per unit, above 0, by column of energy use
    """

    name: ClassVar[str] = "emissions"

    into: ColumnName
    factors: Annotated[Mapping[ColumnName, Annotated[float, Field(gt=0.0)]], Field(min_length=1)]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from, in alphabetic order, whatever that of the spec."""
        return tuple(sorted(self.factors))

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return " + ".join(f"{self.factors[name]:g} x {name}" for name in self.inputs)

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "energy use of 0 or above"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), with a use below 0."""
        below = [columns[name] < 0.0 for name in self.inputs]
        return np.asarray(np.any(below, axis=0))

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,)."""
        refuse_impossible(self, columns)
        return np.asarray(np.sum([self.factors[name] * columns[name] for name in self.inputs], axis=0))
