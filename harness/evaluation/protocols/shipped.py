"""The protocols that come with the harness."""

from __future__ import annotations

from harness.evaluation.protocols.as_published import AsPublished
from harness.evaluation.protocols.entities_and_time import EntitiesAndTime
from harness.evaluation.protocols.forward import Forward
from harness.evaluation.protocols.held_out_entities import HeldOutEntities
from harness.evaluation.protocols.in_sample import InSample
from harness.evaluation.protocols.protocol import EvaluationProtocol
from harness.evaluation.protocols.random_rows import RandomRows
from harness.registry.hooks import hookimpl


@hookimpl
def harness_protocols() -> tuple[type[EvaluationProtocol], ...]:
    """Return the protocols that come with the harness."""
    return (InSample, AsPublished, RandomRows, HeldOutEntities, Forward, EntitiesAndTime)
