"""Columns that follow from others, for tests."""

from __future__ import annotations

from dataclasses import dataclass


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
