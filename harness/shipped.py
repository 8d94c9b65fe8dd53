"""What the harness itself offers, as a plugin: the hooks that the layers implement."""

from harness.data.prepare.shipped import harness_steps
from harness.data.shipped import harness_datasets
from harness.data.simulate.shipped import harness_simulations
from harness.evaluation.shipped import harness_metrics, harness_protocols
from harness.report.sections.shipped import harness_sections
from harness.scenarios.shipped import harness_scenarios

__all__ = [
    "harness_datasets",
    "harness_metrics",
    "harness_protocols",
    "harness_scenarios",
    "harness_sections",
    "harness_simulations",
    "harness_steps",
]
