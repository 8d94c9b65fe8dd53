"""The errors of a study by outcome, estimator and protocol."""

from __future__ import annotations

import math

from harness.language import marked
from harness.report.model.run import Run
from harness.tables.accuracy import ACCURACY, AccuracyRow

SAMPLES = ("test", "all", "train")
"""Samples in the order in which they are preferred for comparing estimators."""

NOT_RUN = (marked("no result"), marked("the run holds no such cell"))
"""Status and reason of a cell that no table has."""


def accuracy_rows(run: Run) -> tuple[AccuracyRow, ...]:
    """Return the rows of the table ``accuracy``."""
    return run.rows(ACCURACY)


def errors_of(run: Run, outcome: str, estimator: str, protocol: str) -> dict[str, AccuracyRow]:
    """Return the rows of one cell by sample."""
    key = (outcome, estimator, protocol)
    return {
        row.sample: row for row in accuracy_rows(run) if (row.outcome, row.estimator, row.protocol) == key
    }


def compared_error(run: Run, outcome: str, estimator: str, protocol: str) -> AccuracyRow | None:
    """Return the row that estimators are compared by: the test sample's where there is one."""
    rows = {
        sample: row
        for sample, row in errors_of(run, outcome, estimator, protocol).items()
        if row.is_done and math.isfinite(row.mse)
    }
    return next((rows[sample] for sample in SAMPLES if sample in rows), None)


def refusal(run: Run, outcome: str, estimator: str, protocol: str) -> tuple[str, str]:
    """Return the status of a cell without errors, and why it has none."""
    rows = errors_of(run, outcome, estimator, protocol).values()
    return next(((row.status, row.reason) for row in rows if row.reason), NOT_RUN)
