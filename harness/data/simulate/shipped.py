"""The simulated panels that come with the harness."""

from __future__ import annotations

from harness.data.simulate.curved_panels import InvertedU, MonotonePanel, SCurve
from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.data.simulate.linear_panels import InteractionPanel, Linear, NullEffect
from harness.data.simulate.simulation import Simulation
from harness.registry.hooks import hookimpl


@hookimpl
def harness_simulations() -> tuple[type[Simulation], ...]:
    """Return the simulated panels that come with the harness."""
    return (DigitalCarbon, NullEffect, SCurve, InvertedU, InteractionPanel, MonotonePanel, Linear)
