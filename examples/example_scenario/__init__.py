"""A scenario with a table of its own: how the effect of the exposure is spread over the rows.

scenarios: [{use: effect_spread, shares: [0.1, 0.5, 0.9]}]
"""

from __future__ import annotations

from example_scenario.effect_spread import EffectSpread
from harness import Scenario, hookimpl


@hookimpl
def harness_scenarios() -> list[type[Scenario]]:
    """Return the scenarios of this plugin."""
    return [EffectSpread]
