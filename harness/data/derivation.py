"""A column that follows from others, which counterfactual panels compute anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from harness.arrays import Floats


class Derivation(Protocol):
    """A column that follows from other columns of the same row, such as a square."""

    @property
    def into(self) -> str:
        """Column that is computed."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns it is computed from."""

    def compute(self, columns: Mapping[str, Floats]) -> Floats:
        """Return the column, (n_obs,), from its inputs, (n_obs,) each."""
