"""What stands beneath a table of coefficients: units, covariances, and who is missing."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.tables.coefficient_table import CoefficientColumn, CoefficientTable
from harness.report.words.digits import percent
from harness.report.words.text import joined
from harness.store.study_record import StudyRecord


def coefficient_notes(study: StudyRecord, outcome: str, table: CoefficientTable) -> Iterator[str]:
    """Yield the notes of the coefficients for one outcome, a paragraph each, in plain text."""
    quick = "A quick run with few draws; not for publication. " if study.quick else ""
    yield (
        f"{quick}In brackets standard errors, beneath them {percent(study.level, 0)} intervals. All "
        f"rows of the panel; units of {study.axis_label(outcome)} per unit of the term. A blank is a "
        "term that the estimator does not have or that its effects absorb."
    )
    for one in table.columns:
        yield f"{one.label}: covariance {one.covariance}{_corrections(one)}."
    for label, reason in table.without:
        yield f"{label}: {reason}."


def _corrections(column: CoefficientColumn) -> str:
    known = [
        text
        for value, text in (
            (column.groups, column.groups),
            (column.bandwidth, f"bandwidth {column.bandwidth}"),
            (column.factor, f"small-sample factor {column.factor}"),
        )
        if value
    ]
    return f" ({joined(known)})" if known else ""
