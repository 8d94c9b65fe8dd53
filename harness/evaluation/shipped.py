"""The protocols and metrics that come with the harness."""

from __future__ import annotations

from harness.evaluation.held_out import EntitiesAndTime, Forward, HeldOutEntities
from harness.evaluation.metrics import AbsoluteError, Metric, QuantileError
from harness.evaluation.protocol import EvaluationProtocol
from harness.evaluation.random_rows import AsPublished, InSample, RandomRows
from harness.registry.hooks import hookimpl


@hookimpl
def harness_protocols() -> tuple[type[EvaluationProtocol], ...]:
    """Return the protocols that come with the harness."""
    return (InSample, AsPublished, RandomRows, HeldOutEntities, Forward, EntitiesAndTime)


@hookimpl
def harness_metrics() -> tuple[type[Metric], ...]:
    """Return the metrics that come with the harness."""
    return (AbsoluteError, QuantileError)
