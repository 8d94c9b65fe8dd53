"""What can be seen of one column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.data.file_spec import MISSING_VALUES
from harness.data.read.numbers import read_numbers

Kind = Literal["number", "text", "empty"]

FEW = 10
"""Values up to which a number may be a category."""


@dataclass(frozen=True, eq=False)
class RawColumn:
    """A column of a raw table.

    Attributes
    ----------
    name : in the file
    kind : whether its cells are numbers; a column without any cell is empty
    codes : (n_rows,), number of the value that a row holds, -1 where the cell is missing
    numbers : (n_rows,), NaN where the cell is missing or no number
    """

    name: str
    kind: Kind
    codes: Ints
    numbers: Floats

    @classmethod
    def of(cls, name: str, cells: pd.Series) -> RawColumn:
        """Look at the cells of a column."""
        read = read_numbers(cells, frozenset(MISSING_VALUES))
        codes = pd.factorize(cells)[0].astype(np.int64)
        is_text = bool(read.refused.any())
        kind: Kind = "text" if is_text else "number" if np.isfinite(read.cells).any() else "empty"
        if kind == "number":
            codes = np.where(np.isnan(read.cells), -1, codes)
        return cls(name, kind, codes, read.cells)

    @property
    def as_numbers(self) -> Floats:
        """Its numbers, or the codes of its texts, (n_rows,); NaN where the cell is missing."""
        codes = np.where(self.codes < 0, np.nan, self.codes)
        return codes if self.kind == "text" else self.numbers

    @property
    def is_category(self) -> bool:
        """Whether it is texts, of which there are few."""
        return self.kind == "text" and 1 < self.n_values <= FEW

    @property
    def n_missing(self) -> int:
        """Number of cells that hold nothing."""
        return int((self.codes < 0).sum())

    @property
    def n_values(self) -> int:
        """Number of different values."""
        return int(np.unique(self.codes[self.codes >= 0]).size)

    @property
    def is_whole(self) -> bool:
        """Whether all its numbers are whole."""
        present = self.numbers[self.codes >= 0]
        return self.kind == "number" and bool((present == np.round(present)).all())

    def is_constant_within(self, groups: Ints) -> bool:
        """Return whether no group of rows, (n_rows,) codes, holds two values of the column."""
        present = self.codes >= 0
        pairs = np.unique(np.column_stack([groups[present], self.codes[present]]), axis=0)
        return np.unique(groups[present]).size == len(pairs)
