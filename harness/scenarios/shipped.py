"""The scenarios that come with the harness."""

from __future__ import annotations

from harness.registry.hooks import hookimpl
from harness.scenarios.conditional.scenario import ConditionalScenario
from harness.scenarios.contrast import ContrastScenario
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.heterogeneity.scenario import HeterogeneityScenario
from harness.scenarios.importance import ImportanceScenario
from harness.scenarios.robustness.scenario import RobustnessScenario
from harness.scenarios.scenario import Scenario


@hookimpl
def harness_scenarios() -> tuple[type[Scenario], ...]:
    """Return the scenarios that come with the harness."""
    return (
        CurveScenario,
        ContrastScenario,
        EffectScenario,
        ImportanceScenario,
        HeterogeneityScenario,
        ConditionalScenario,
        RobustnessScenario,
    )
