"""Columns that follow from others, and a panel with one, for tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from panels import balanced_panel


@dataclass(frozen=True)
class Square:
    """The square of a column."""

    of: str
    into: str

    @property
    def inputs(self):
        return (self.of,)

    def compute(self, columns):
        return columns[self.of] ** 2


@dataclass(frozen=True)
class Product:
    """The product of two columns."""

    first: str
    second: str
    into: str

    @property
    def inputs(self):
        return (self.first, self.second)

    def compute(self, columns):
        return columns[self.first] * columns[self.second]


def squared_panel():
    """Return a panel of an exposure, a control, and the square of the exposure."""
    rng = np.random.default_rng(5)
    x, m = rng.uniform(0, 2, size=(2, 60))
    return balanced_panel(
        (20, 3),
        outcome=np.zeros(60),
        X=np.column_stack([x, m, x**2]),
        columns=("x", "m", "s"),
        derived=(Square(of="x", into="s"),),
    )
