"""Which columns can be told apart from the effects and from each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness import Floats

ROUNDING = 64.0 * float(np.finfo(np.float64).eps)
"""What is shorter than this share of a column's size is rounding: its own, and that of what was taken out."""


@dataclass(frozen=True, eq=False)
class Dependence:
    """A column that is a linear combination of columns before it.

    Attributes
    ----------
    column : position of the dependent column
    on : positions of the columns it takes
    coefficients : units of the column per unit of each of `on`
    """

    column: int
    on: tuple[int, ...]
    coefficients: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Screening:
    """Every column's fate, as positions.

    Attributes
    ----------
    kept : columns with a coefficient of their own
    constant : columns that do not vary
    absorbed : columns that the effects determine
    dependent : columns that earlier kept columns determine, together with the effects
    """

    kept: tuple[int, ...]
    constant: tuple[int, ...]
    absorbed: tuple[int, ...]
    dependent: tuple[Dependence, ...]


@dataclass(frozen=True, eq=False)
class Sizes:
    """Lengths of columns, times the roots of the weights.

    Attributes
    ----------
    largest : (n_columns,), largest size of the raw column times the root of the sum of weights; what
        rounding leaves of a column is proportional to it
    centred : (n_columns,), of the columns less their means
    within : (n_columns,), of the columns less their effects
    """

    largest: Floats
    centred: Floats
    within: Floats

    @property
    def is_constant(self) -> npt.NDArray[np.bool_]:
        """Whether a column does not vary, (n_columns,)."""
        constant: npt.NDArray[np.bool_] = self.centred <= ROUNDING * self.largest
        return constant

    @property
    def is_absorbed(self) -> npt.NDArray[np.bool_]:
        """Whether a column varies, but not once effects are taken out, (n_columns,)."""
        absorbed: npt.NDArray[np.bool_] = ~self.is_constant & (self.within <= ROUNDING * self.largest)
        return absorbed

    @property
    def tolerance(self) -> Floats:
        """Share of a column's length that is rounding, (n_columns,); infinite for a column of length zero."""
        tolerance: Floats = np.divide(
            ROUNDING * self.largest,
            self.within,
            out=np.full(self.within.size, np.inf),
            where=self.within > 0,
        )
        return tolerance
