"""The laws of every kind but estimators, by the name of the kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.conformance.law import Law
from harness.conformance.members import data, metrics, protocols, scenarios, sections, steps
from harness.conformance.members.case import MemberCase
from harness.data.dataset import DATASET
from harness.data.prepare.step import STEP
from harness.data.simulate.simulation import SIMULATION
from harness.evaluation.metrics import METRIC
from harness.evaluation.protocol import PROTOCOL
from harness.report.sections.section import SECTION
from harness.scenarios.scenario import SCENARIO

MEMBER_LAWS: Mapping[str, Sequence[Law[MemberCase]]] = {
    PROTOCOL.name: protocols.LAWS,
    SCENARIO.name: scenarios.LAWS,
    STEP.name: steps.LAWS,
    DATASET.name: data.DATASET_LAWS,
    SIMULATION.name: data.SIMULATION_LAWS,
    METRIC.name: metrics.LAWS,
    SECTION.name: sections.LAWS,
}
