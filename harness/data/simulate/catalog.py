"""The closed list of simulated panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.data.simulate.curved_panels import InvertedU, Monotone, SCurve
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.data.simulate.linear_panels import Interaction, NullEffect
from harness.data.simulate.simulation import Simulation

KIND = "simulation"

SIMULATIONS: Mapping[str, type[Simulation]] = MappingProxyType(
    {one.name: one for one in (DigitalCarbon, NullEffect, SCurve, InvertedU, Interaction, Monotone)}
)


@dataclass(frozen=True)
class SimulationCatalog:
    """Simulated panels that a spec can choose."""

    kind: str = field(default=KIND, init=False)

    @property
    def classes(self) -> Mapping[str, type]:
        """The dataclass behind each name."""
        return SIMULATIONS

    def why_missing(self, name: str) -> str:  # noqa: ARG002 - the protocol's argument; the list is closed
        """Return nothing: a simulation that is not in the list does not exist."""
        return ""
