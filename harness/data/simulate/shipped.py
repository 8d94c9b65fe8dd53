"""The simulated panels that come with the harness."""

from __future__ import annotations

from harness.data.simulate.digital_carbon.panel import DigitalCarbon
from harness.data.simulate.simulation import Simulation
from harness.data.simulate.small_panels import (
    InteractionPanel,
    InvertedU,
    Linear,
    MonotonePanel,
    NullEffect,
    SCurve,
)
from harness.registry.hooks import hookimpl


@hookimpl
def harness_simulations() -> tuple[type[Simulation], ...]:
    """Return the simulated panels that come with the harness."""
    return (DigitalCarbon, NullEffect, SCurve, InvertedU, InteractionPanel, MonotonePanel, Linear)
