"""The table of errors of one outcome: a group of rows for each protocol, a row for each estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.report.reading.results import Results
from harness.report.reading.rows import AccuracyRow
from harness.report.tables.footnotes import Footnotes
from harness.report.words.digits import MAX_DECIMALS, MISSING, count, decimals_for, fixed, significant
from harness.store.study_record import ProtocolRecord


@dataclass(frozen=True)
class AccuracyTableRow:
    """Errors of one estimator under one protocol, in words; `mark` is of the footnote with a reason."""

    label: str
    mse_train: str
    mse_test: str
    mse_all: str
    nmse: str
    r2: str
    n_obs: str
    n_entities: str
    is_lowest: bool
    mark: str


@dataclass(frozen=True)
class AccuracyGroup:
    """The estimators under one protocol."""

    protocol: ProtocolRecord
    rows: tuple[AccuracyTableRow, ...]


@dataclass(frozen=True)
class AccuracyTable:
    """The errors of one outcome."""

    groups: tuple[AccuracyGroup, ...]
    footnotes: tuple[tuple[str, str], ...]


def accuracy_table(results: Results, outcome: str) -> AccuracyTable:
    """Return the table of errors of one outcome; all its mean squared errors have the same decimals."""
    study = results.run.manifest.study
    footnotes = Footnotes()
    decimals = decimals_for(row.mse for row in results.run.accuracy if row.outcome == outcome)
    groups = []
    for protocol in study.protocols:
        compared = {one.id: results.compared(outcome, one.id, protocol.id) for one in study.estimators}
        lowest = min((row.mse for row in compared.values() if row is not None), default=math.nan)
        rows = []
        for estimator in study.estimators:
            row = compared[estimator.id]
            if row is None:
                _, reason = results.refusal(outcome, estimator.id, protocol.id)
                rows.append(_empty_row(estimator.label, footnotes.mark(reason)))
                continue
            samples = results.accuracy(outcome, estimator.id, protocol.id)
            rows.append(
                AccuracyTableRow(
                    label=estimator.label,
                    mse_train=_error(samples.get("train"), decimals),
                    mse_test=_error(samples.get("test"), decimals),
                    mse_all=_error(samples.get("all"), decimals),
                    nmse=fixed(row.nmse, 3),
                    r2=fixed(row.r2, 3),
                    n_obs=count(row.n_obs),
                    n_entities=count(row.n_entities),
                    is_lowest=row.mse == lowest,
                    mark="",
                )
            )
        groups.append(AccuracyGroup(protocol, tuple(rows)))
    return AccuracyTable(tuple(groups), footnotes.listed())


def _error(row: AccuracyRow | None, decimals: int) -> str:
    if row is None:
        return MISSING
    return significant(row.mse) if decimals == MAX_DECIMALS else fixed(row.mse, decimals)


def _empty_row(label: str, mark: str) -> AccuracyTableRow:
    return AccuracyTableRow(
        label=label,
        mse_train=MISSING,
        mse_test=MISSING,
        mse_all=MISSING,
        nmse=MISSING,
        r2=MISSING,
        n_obs=MISSING,
        n_entities=MISSING,
        is_lowest=False,
        mark=mark,
    )
