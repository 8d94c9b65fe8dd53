"""Steps that turn each cell of one column into another number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.name import ColumnName
from harness.data.prepare.step import refuse_impossible


@dataclass(frozen=True)
class OneColumnStep:
    """A step that looks at one cell of a row.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from
    """

    name: ClassVar[str]
    above: ClassVar[float] = -np.inf
    """There is a result above this number."""

    into: ColumnName
    of: ColumnName

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "any number" if np.isinf(self.above) else f"numbers above {self.above:g}"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), whose number has no result."""
        return np.less_equal(columns[self.of], self.above)


@dataclass(frozen=True)
class ElementwiseStep(OneColumnStep):
    """A function without options of one cell."""

    written: ClassVar[str]
    """The function in mathematical notation, ``{of}`` being the column."""
    function: ClassVar[Callable[[Floats], Floats]]
    """The function, of arrays (n_obs,)."""

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return self.written.format(of=self.of)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        refuse_impossible(self, columns)
        return type(self).function(columns[self.of])


@dataclass(frozen=True)
class Log(ElementwiseStep):
    """``- log: {into: lwage, of: wage}``, the natural logarithm.

    Attributes
    ----------
    into : column that is computed, in log units
    of : column it is computed from, above 0
    """

    name: ClassVar[str] = "log"
    written: ClassVar[str] = "log({of})"
    function: ClassVar[Callable[[Floats], Floats]] = np.log
    above: ClassVar[float] = 0.0


@dataclass(frozen=True)
class Log1p(ElementwiseStep):
    """``- log1p: {into: lpatents, of: patents}``, for counts with zeros; it depends on the column's unit.

    Attributes
    ----------
    into : column that is computed, in log units
    of : column it is computed from, above -1
    """

    name: ClassVar[str] = "log1p"
    written: ClassVar[str] = "log(1 + {of})"
    function: ClassVar[Callable[[Floats], Floats]] = np.log1p
    above: ClassVar[float] = -1.0


@dataclass(frozen=True)
class Square(ElementwiseStep):
    """``- square: {into: expersq, of: exper}``.

    Attributes
    ----------
    into : column that is computed, in squared units
    of : column it is computed from
    """

    name: ClassVar[str] = "square"
    written: ClassVar[str] = "{of}²"
    function: ClassVar[Callable[[Floats], Floats]] = np.square


@dataclass(frozen=True)
class Power(OneColumnStep):
    """``- power: {into: gdp3, of: gdp, exponent: 3}``.

    Attributes
    ----------
    into : column that is computed
    of : column it is computed from; above 0 where the exponent is no whole number, not 0 where it is below 0
    exponent : not 0
    """

    name: ClassVar[str] = "power"

    exponent: Annotated[float, Field(allow_inf_nan=False)]

    def __post_init__(self) -> None:
        if self.exponent == 0.0:
            message = "exponent 0 makes a constant"
            raise ValueError(message)

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return f"{self.of} to the power of {self.exponent:g}"

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        if self.exponent.is_integer():
            return "any number" if self.exponent > 0 else "numbers other than 0"
        return "numbers above 0" if self.exponent < 0 else "numbers of 0 or above"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), whose number has no such power."""
        values = columns[self.of]
        zero = np.equal(values, 0.0) & (self.exponent < 0)
        return zero | (np.less(values, 0.0) & (not self.exponent.is_integer()))

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        refuse_impossible(self, columns)
        return np.power(columns[self.of], self.exponent)


@dataclass(frozen=True)
class Indicator(OneColumnStep):
    """``- indicator: {into: d81, of: year, equals: 1981}``.

    Attributes
    ----------
    into : column that is computed, 0 or 1
    of : column it is computed from; the time column may be one, where its periods are numbers
    equals : value of `of` that is marked by 1
    """

    name: ClassVar[str] = "indicator"

    equals: Annotated[float, Field(allow_inf_nan=False)]

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return f"1 where {self.of} = {self.equals:.15g}, else 0"

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        values = columns[self.of]
        return np.where(np.isnan(values), np.nan, np.equal(values, self.equals))
