"""How far two numbers may be apart and still count as equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.arrays import Floats


@dataclass(frozen=True)
class Tolerance:
    """Numbers are equal where they are no further apart than ``atol + rtol * the larger of the two``.

    Attributes
    ----------
    rtol : >= 0, share of the larger absolute value
    atol : >= 0, in the unit of the numbers
    """

    rtol: float = 1e-8
    atol: float = 1e-12

    def excess(self, a: Floats, b: Floats) -> Floats:
        """Return distances over what is allowed, (n,): above 1 where numbers differ.

        Two missing numbers are equal, and so are two infinite ones of one sign; a number and a missing one
        are infinitely far apart.
        """
        alike = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            expected = self.atol + self.rtol * np.fmax(np.abs(a), np.abs(b))
            ratio = np.abs(a - b) / expected
        return np.where(alike, 0.0, np.where(np.isfinite(a) & np.isfinite(b), ratio, np.inf))

    def near(self, values: Floats) -> NDArray[np.intp]:
        """Return a number for each value, (n,), the same for values that follow each other this closely."""
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        steps = self.excess(ordered[1:], ordered[:-1]) > 1.0
        numbers = np.empty(values.size, dtype=np.intp)
        numbers[order] = np.concatenate([[0], np.cumsum(steps)])[: values.size]
        return numbers
