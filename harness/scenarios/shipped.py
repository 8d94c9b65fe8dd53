"""The scenarios that come with the harness."""

from __future__ import annotations

from harness.registry.hooks import hookimpl
from harness.scenarios.conditional.scenario import Conditional
from harness.scenarios.curve.scenario import Curve
from harness.scenarios.heterogeneity.scenario import Heterogeneity
from harness.scenarios.scenario import Scenario


@hookimpl
def harness_scenarios() -> tuple[type[Scenario], ...]:
    """Return the scenarios that come with the harness."""
    return (Curve, Heterogeneity, Conditional)
