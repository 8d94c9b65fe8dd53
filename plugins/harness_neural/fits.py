"""What the estimators of this plugin return."""

from __future__ import annotations

from dataclasses import dataclass

from harness import Floats, Note, Panel
from harness_neural.design import Design
from harness_neural.map_fit import MapFit
from harness_neural.models import Model
from harness_neural.search import Search


@dataclass(frozen=True, eq=False)
class FittedNetworks:
    """One fit.

    Attributes
    ----------
    design : from panels to inputs, and back to outcome units
    model : of one network, or of one a cluster
    searches : what was tried and chosen, with learning curves; one a network
    notes : warnings for the report
    """

    design: Design
    model: Model
    searches: tuple[Search, ...]
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.design.in_outcome_units(self.model.predict(self.design.inputs(panel))[0])


@dataclass(frozen=True, eq=False)
class FittedNetworkDraws:
    """One fit a draw.

    Attributes
    ----------
    design, notes : as of one fit
    model : of one network a draw, or of one a draw and cluster
    searches : of the hidden sizes, on all rows that some draw uses
    """

    design: Design
    model: Model
    searches: tuple[Search, ...]
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.design.in_outcome_units(self.model.predict(self.design.inputs(panel)))


@dataclass(frozen=True, eq=False)
class FittedMapNetworks(FittedNetworks):
    """One fit after a self-organising map; `map_fit` holds the map and its errors."""

    map_fit: MapFit


@dataclass(frozen=True, eq=False)
class FittedMapDraws(FittedNetworkDraws):
    """One fit a draw after a self-organising map, which all draws share."""

    map_fit: MapFit
