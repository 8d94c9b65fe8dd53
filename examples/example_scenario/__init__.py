"""A scenario with a table of its own, and the section of the report that shows it.

scenarios: [{use: effect_spread, shares: [0.1, 0.5, 0.9]}]
"""

from __future__ import annotations

from example_scenario.effect_spread import EffectSpread
from example_scenario.section import EFFECT_SPREAD
from harness.plugin import Scenario, hookimpl
from harness.plugin.reporting import Section


@hookimpl
def harness_scenarios() -> list[type[Scenario]]:
    """Return the scenarios of this plugin."""
    return [EffectSpread]


@hookimpl
def harness_sections() -> list[Section]:
    """Return the sections of this plugin."""
    return [EFFECT_SPREAD]
