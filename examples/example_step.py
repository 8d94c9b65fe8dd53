"""Two preparation steps: a square root, and the rank of a value among the training rows.

prepare:
- root: {into: root_area, of: area}
- rank: {into: rank_of_value, of: value}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from harness.plugin import Floats, LearnedStep, Mask, RowStep, hookimpl


@dataclass(frozen=True)
class Root:
    """The square root: a `RowStep`, computed from other columns of the same row.

    Attributes
    ----------
    into, of : columns
    """

    name: ClassVar[str] = "root"
    demand: ClassVar[str] = "numbers of at least 0"

    into: str
    of: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def detail(self) -> str:
        """How the column is computed, for the report."""
        return f"square root of {self.of}"

    def impossible(self, columns: Mapping[str, Floats]) -> Mask:
        """Return which rows, (n_obs,), do not meet `demand`: the harness refuses them and says so."""
        return columns[self.of] < 0

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,)."""
        return np.sqrt(columns[self.of])


@dataclass(frozen=True)
class Ranked:
    """What `Rank` learned; it computes the column of any row, also of one with another exposure.

    Attributes
    ----------
    into, of : columns
    known : (n_rows,), sorted
    """

    into: str
    of: str
    known: Floats = field(repr=False)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    @property
    def detail(self) -> str:
        """How the column is computed, for the report."""
        return f"share of {self.known.size} rows with at most this {self.of}"

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the share of the known rows that are not above, (n_obs,), from 0 to 1."""
        return np.searchsorted(self.known, columns[self.of], side="right") / self.known.size


@dataclass(frozen=True)
class Rank:
    """The rank: a `LearnedStep`, learned on the rows that a fold trains on.

    Attributes
    ----------
    into, of : columns
    """

    name: ClassVar[str] = "rank"

    into: str
    of: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    def learn(self, columns: Mapping[str, Floats]) -> Ranked:
        """Return the ranks among these rows."""
        return Ranked(self.into, self.of, np.sort(columns[self.of]))


@hookimpl
def harness_steps() -> list[type[RowStep | LearnedStep]]:
    """Return the steps of this plugin."""
    return [Root, Rank]
