"""What fitting a random forest returns: one forest with its search, or a forest a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import Floats, Note, Panel
from harness_sklearn.inputs import Inputs
from harness_sklearn.selection import Search

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor


@dataclass(frozen=True, eq=False)
class ForestFit:
    """A random forest.

    Attributes
    ----------
    inputs : from panels to what trees see, and back to outcome units
    model : fitted on all training rows
    min_leaf : least rows of a leaf, chosen on the selection rows
    search : all candidates
    """

    inputs: Inputs
    model: RandomForestRegressor
    min_leaf: int
    search: Search

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.inputs.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.inputs.in_outcome_units(self.model.predict(self.inputs.values(panel)))

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the candidates."""
        return {"search": self.search.table()}


@dataclass(frozen=True, eq=False)
class ForestDraws:
    """A random forest a draw, all with leaves of the same least size.

    Attributes
    ----------
    inputs : from panels to what trees see, and back to outcome units
    models : one a draw
    min_leaf : least rows of a leaf
    """

    inputs: Inputs
    models: tuple[RandomForestRegressor, ...]
    min_leaf: int

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.inputs.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        # What trees store; converted once, not once a forest.
        X = self.inputs.values(panel).astype(np.float32)
        return self.inputs.in_outcome_units(np.stack([model.predict(X) for model in self.models]))
