"""Errors on training, test and all rows, as published and as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.findings.gains import errors_of
from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.table import ReportTable, TableCell, TableColumn, plain_rows
from harness.tables.claims import ClaimRow
from harness.tables.gain import GAIN, GainRow
from harness.text.numbers import MISSING, percent, significant

SAMPLES = (("train", marked("training rows")), ("test", marked("test rows")), ("all", marked("all rows")))
ERROR = "mse"
COMPARED = frozenset({ERROR, "gain"})
"""Quantities of claims that are of a sample."""


def error_table(run: Run, source: str, claims: Iterable[ClaimRow]) -> ReportTable | None:
    """Return the errors that a source prints, or None where it prints none or they have no counterpart.

    Errors are of the claimed estimators and of all references; gains are over each of these.
    """
    study = run.manifest.study
    compared = [row for row in claims if row.quantity in COMPARED and row.counterpart_protocol]
    if not any(row.quantity == ERROR for row in compared):
        return None
    protocols = (compared[0].protocol, compared[0].counterpart_protocol)
    estimators = dict.fromkeys((*study.references, *(row.estimator for row in compared)))
    labels = [study.estimator_label(name) for name in study.references]
    heads = (gettext("MSE"), *(gettext("Gain over {label}").format(label=label) for label in labels))
    titles = [TableCell(study.protocol_title(name), n_columns=len(heads)) for name in protocols]
    return ReportTable(
        caption=" ".join([source, gettext("on training, test and all rows; gains over each reference")]),
        over=(TableCell(n_columns=3), *titles),
        columns=(
            *(
                TableColumn(gettext("Outcome")),
                TableColumn(gettext("Rows"), "text"),
                TableColumn(gettext("Estimator"), "text"),
            ),
            *map(TableColumn, heads * 2),
        ),
        groups=plain_rows(
            [
                (
                    *(study.label(outcome), gettext(words), study.estimator_label(estimator)),
                    *(text for name in protocols for text in _texts(run, outcome, estimator, name, sample)),
                )
                for outcome in dict.fromkeys(row.outcome for row in compared)
                for sample, words in SAMPLES
                for estimator in estimators
            ]
        ),
        most=0,
    )


def _texts(run: Run, outcome: str, estimator: str, protocol: str, sample: str) -> Iterator[str]:
    """Yield an error, and the gain over each reference, in words."""
    error = errors_of(run, outcome, estimator, protocol).get(sample)
    yield significant(error.mse) if error is not None and error.is_done else MISSING
    gains = {row.reference: row.gain for row in _gains(run, outcome, estimator, protocol, sample)}
    for reference in run.manifest.study.references:
        yield percent(gains[reference]) if reference in gains else MISSING


def _gains(run: Run, outcome: str, estimator: str, protocol: str, sample: str) -> Iterator[GainRow]:
    cell = (outcome, estimator, protocol, sample)
    for row in run.rows(GAIN):
        if (row.outcome, row.estimator, row.protocol, row.sample) == cell and row.is_done:
            yield row
