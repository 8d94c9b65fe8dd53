"""Errors on training, test and all rows, as published and as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.model.accuracy import errors_of
from harness.report.model.run import Run
from harness.report.text.numbers import MISSING, percent, significant
from harness.tables.claims import ClaimRow
from harness.tables.gain import GAIN, GainRow

SAMPLES = (("train", marked("training rows")), ("test", marked("test rows")), ("all", marked("all rows")))
ERROR = "mse"
COMPARED = frozenset({ERROR, "gain"})
"""Quantities of claims that are of a sample."""


@dataclass(frozen=True)
class Compared:
    """One estimator on one sample: its error, and its gain over each reference, in words."""

    mse: str
    gains: tuple[str, ...]


@dataclass(frozen=True)
class ErrorRow:
    """One estimator on one sample, under the published protocol and under its counterpart."""

    outcome: str
    sample: str
    estimator: str
    published: Compared
    counterpart: Compared


@dataclass(frozen=True)
class ErrorTable:
    """Errors of the claimed estimators and of all references.

    Attributes
    ----------
    references : labels of the estimators that gains are over
    published, counterpart : titles of the protocols
    """

    references: tuple[str, ...]
    published: str
    counterpart: str
    rows: tuple[ErrorRow, ...]


def error_table(run: Run, claims: Iterable[ClaimRow]) -> ErrorTable | None:
    """Return the errors that a source prints, or None where it prints none or they have no counterpart."""
    study = run.manifest.study
    compared = [row for row in claims if row.quantity in COMPARED and row.counterpart_protocol]
    if not any(row.quantity == ERROR for row in compared):
        return None
    published, other = compared[0].protocol, compared[0].counterpart_protocol
    claimed = (row.estimator for row in compared)
    estimators = dict.fromkeys((*study.references, *claimed))
    return ErrorTable(
        references=tuple(study.estimator_label(name) for name in study.references),
        published=study.protocol_title(published),
        counterpart=study.protocol_title(other),
        rows=tuple(
            ErrorRow(
                study.label(outcome),
                gettext(words),
                study.estimator_label(estimator),
                _compared(run, study, outcome, estimator, published, sample),
                _compared(run, study, outcome, estimator, other, sample),
            )
            for outcome in dict.fromkeys(row.outcome for row in compared)
            for sample, words in SAMPLES
            for estimator in estimators
        ),
    )


def _compared(
    run: Run, study: StudyRecord, outcome: str, estimator: str, protocol: str, sample: str
) -> Compared:
    error = errors_of(run, outcome, estimator, protocol).get(sample)
    gains = {row.reference: row.gain for row in _gains(run, outcome, estimator, protocol, sample)}
    return Compared(
        mse=significant(error.mse) if error is not None and error.is_done else MISSING,
        gains=tuple(
            percent(gains[reference]) if reference in gains else MISSING for reference in study.references
        ),
    )


def _gains(run: Run, outcome: str, estimator: str, protocol: str, sample: str) -> Iterator[GainRow]:
    cell = (outcome, estimator, protocol, sample)
    for row in run.rows(GAIN):
        if (row.outcome, row.estimator, row.protocol, row.sample) == cell and row.is_done:
            yield row
