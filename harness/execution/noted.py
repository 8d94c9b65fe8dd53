"""Results with notes that others than their fits have made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.data.note import Note
from harness.evaluation.fold_fit import FoldResult
from harness.execution.result_file import TaskResult
from harness.scenarios.parts import PartResult
from harness.scenarios.sample_fit import SampleFitResult


def with_notes(result: TaskResult, notes: Iterable[Note]) -> TaskResult:
    """Return a result with further notes; one without numbers has its reason, a part of an answer none."""
    more = tuple(notes)
    if not more or isinstance(result, PartResult):
        return result
    if isinstance(result, FoldResult):
        if result.predictions is None:
            return result
        return replace(
            result, predictions=replace(result.predictions, notes=(*result.predictions.notes, *more))
        )
    if isinstance(result, SampleFitResult):
        return replace(result, tables=replace(result.tables, notes=(*result.tables.notes, *more)))
    return replace(result, notes=(*result.notes, *more))
