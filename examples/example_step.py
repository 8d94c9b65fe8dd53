"""A preparation step: the rank of a value among the rows that may be learned from.

prepare:
- rank: {into: rank_of_value, of: value}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from harness.plugin import Floats, LearnedStep, hookimpl


@dataclass(frozen=True)
class Ranked:
    """The rank of a value among those learned from; a derivation, so that it follows counterfactual rows.

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
    """``- rank: {into: rank_of_value, of: value}``.

    Attributes
    ----------
    into : column that is computed, from 0 to 1
    of : column it is computed from
    """

    name: ClassVar[str] = "rank"

    into: str
    of: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""
        return (self.of,)

    def learn(self, columns: Mapping[str, Floats]) -> Ranked:
        """Return the ranks among these rows, which are those that a fold trains on."""
        return Ranked(self.into, self.of, np.sort(columns[self.of]))


@hookimpl
def harness_steps() -> list[type[LearnedStep]]:
    """Return the steps of this plugin."""
    return [Rank]
