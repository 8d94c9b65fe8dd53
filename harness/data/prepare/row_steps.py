"""Steps that compute a column from other columns of the same row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Mask
from harness.data.messages import require
from harness.data.name import ColumnName
from harness.data.prepare.step import Column, OfNamedColumns, OneColumn, Step, refuse_impossible
from harness.language import COMMAS, Coded, chained

if TYPE_CHECKING:
    import pandas as pd


class RowFunction(OfNamedColumns):
    """What steps have in common whose column follows from others of its row: any number has a result."""

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "any number"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), whose numbers have no result: none."""
        return np.zeros(next(iter(columns.values())).shape, dtype=np.bool_)


@dataclass(frozen=True)
class ElementwiseStep(OneColumn, RowFunction):
    """A function without options of one cell."""

    name: ClassVar[str]
    # There is a result above this number.
    above: ClassVar[float] = -np.inf

    # The function in mathematical notation, ``{of}`` being the column.
    written: ClassVar[str]
    # The function, of arrays (n_obs,).
    function: ClassVar[Callable[[Floats], Floats]]

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return self.written.format(of=self.of)

    @property
    def demand(self) -> str:
        """What the inputs must satisfy."""
        return "any number" if np.isinf(self.above) else f"numbers above {self.above:g}"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), whose number has no result."""
        return np.less_equal(columns[self.of], self.above)

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
class Asinh(ElementwiseStep):
    """``- asinh: {into: fdi_ihs, of: fdi}``, inverse hyperbolic sine: like log(2 of), with zero and below.

    Attributes
    ----------
    into : column that is computed; it depends on the unit of `of`
    of : column it is computed from
    """

    name: ClassVar[str] = "asinh"
    known_as: ClassVar[tuple[str, ...]] = ("ihs", "arcsinh", "arsinh", "inverse_hyperbolic_sine")
    written: ClassVar[str] = "asinh({of})"
    function: ClassVar[Callable[[Floats], Floats]] = np.arcsinh


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
class Power(OneColumn, RowFunction):
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
        require(self.exponent != 0.0, "exponent 0 makes a constant")

    @property
    def detail(self) -> str:
        """How the column is computed."""
        return Coded("{of} to the power of {exponent}", of=self.of, exponent=f"{self.exponent:g}")

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
class Indicator(OneColumn, RowFunction):
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
        return Coded("1 where {of} = {equals}, else 0", of=self.of, equals=f"{self.equals:.15g}")

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,); NaN where `of` is missing."""
        values = columns[self.of]
        return np.where(np.isnan(values), np.nan, np.equal(values, self.equals))


@dataclass(frozen=True)
class Product(RowFunction):
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
    def detail(self) -> str:
        """How the column is computed."""
        return " x ".join(self.of)

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,), multiplied in alphabetic order, whatever that of the spec."""
        return np.asarray(np.prod([columns[name] for name in sorted(self.of)], axis=0))


@dataclass(frozen=True)
class Ratio(RowFunction):
    """``- ratio: {into: co2_per_head, of: co2, over: population}``.

    Attributes
    ----------
    into : column that is computed, in units of `of` per unit of `over`, times `scale`
    of : numerator
    over : denominator, not 0
    scale : that the ratio is multiplied by, to change its unit, such as 100 for per cent
    """

    name: ClassVar[str] = "ratio"
    known_as: ClassVar[tuple[str, ...]] = ("per_capita", "per_head", "share", "intensity", "人均")
    instead_of: ClassVar[Mapping[str, str]] = {
        "multiply scale times divide units convert": "write `scale: {COLUMN: FACTOR}` under `data:`"
    }

    into: ColumnName
    of: ColumnName
    over: ColumnName
    scale: float = 1.0

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
class Emissions(RowFunction):
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
    def detail(self) -> str:
        """How the column is computed."""
        return " + ".join(f"{self.factors[name]:g} x {name}" for name in self.inputs)

    demand = "energy use of 0 or above"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return the rows, (n_obs,), with a use below 0."""
        below = [columns[name] < 0.0 for name in self.inputs]
        return np.asarray(np.any(below, axis=0))

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,)."""
        refuse_impossible(self, columns)
        return np.asarray(np.sum([self.factors[name] * columns[name] for name in self.inputs], axis=0))


@dataclass(frozen=True)
class Classes(OneColumn, RowFunction):
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
        n, is_rising = len(self.at), all(first < second for first, second in pairwise(self.at))
        require(is_rising, f"thresholds increase, but at is {list(self.at)}")
        has_labels = len(self.labels) == len(set(self.labels)) == n + 1
        require(has_labels, f"{n} thresholds make {n + 1} classes; give each a label of its own")

    @property
    def detail(self) -> str:
        """How rows are sorted."""
        lowest = Coded(
            "{of}: {label} below {least}", of=self.of, label=self.labels[0], least=f"{self.at[0]:g}"
        )
        others = zip(self.labels[1:], self.at, strict=True)
        return chained(
            [lowest, *(Coded("{label} from {least}", label=label, least=f"{at:g}") for label, at in others)],
            COMMAS,
        )

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


ROW_STEPS = (Log, Log1p, Asinh, Square, Product, Ratio, Power, Indicator, Emissions, Classes)
