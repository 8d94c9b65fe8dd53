"""Emissions from the energy that was used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName
from harness.data.prepare.step import refuse_impossible

Factor = Annotated[float, Field(gt=0.0)]


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
    factors: Annotated[Mapping[ColumnName, Factor], Field(min_length=1)]

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
