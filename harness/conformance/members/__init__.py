"""The rules of every kind but estimators, by the name of the kind."""

from collections.abc import Mapping

from harness.conformance.check import Rules
from harness.conformance.members.data import OF_DATASETS, OF_READERS, OF_SIMULATIONS, OF_STEPS
from harness.conformance.members.study import OF_METRICS, OF_PROTOCOLS, OF_SCENARIOS, OF_SECTIONS
from harness.data.dataset import DATASET
from harness.data.prepare.step import STEP
from harness.data.read.source import READER
from harness.data.simulate.simulation import SIMULATION
from harness.evaluation.metrics import METRIC
from harness.evaluation.protocol import PROTOCOL
from harness.report.sections.section import SECTION
from harness.scenarios.scenario import SCENARIO

MEMBER_RULES: Mapping[str, Rules] = {
    PROTOCOL.name: OF_PROTOCOLS,
    SCENARIO.name: OF_SCENARIOS,
    STEP.name: OF_STEPS,
    DATASET.name: OF_DATASETS,
    READER.name: OF_READERS,
    SIMULATION.name: OF_SIMULATIONS,
    METRIC.name: OF_METRICS,
    SECTION.name: OF_SECTIONS,
}
