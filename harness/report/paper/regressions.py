"""Regressions of one outcome: numbered columns, terms down, effects as Yes or No, rows and R² beneath."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.paper.estimates import (
    bracketed,
    estimate_notes,
    run_notes,
    starred,
)
from harness.report.sections.coefficients.section import (
    Estimates,
    coefficient_caveat,
    estimates_of,
    terms_in_order,
)
from harness.report.table import ReportTable, TableCell, TableColumn, plain_rows
from harness.tables.coefficients import STATISTICS, CoefficientRow
from harness.text.numbers import MISSING, count, decimals_for, fixed, rounded
from harness.text.plain_text import file_slug, joined, listed

CONSTANT = "const"
FIT = {"r2_within": marked("Within R²"), "r2_dummies": marked("R², effects included")}
"""Statistics beneath the coefficients, with how they are called."""


Texts = tuple[str, ...]


def regression_tables(run: Run) -> Iterator[ReportTable]:
    """Yield a table for each outcome with coefficients, its columns in the order of the study."""
    study = run.manifest.study
    for outcome in study.outcomes:
        columns = estimates_of(run, outcome)
        if columns:
            yield ReportTable(
                caption=gettext("Regressions of {outcome}").format(outcome=study.axis_label(outcome)),
                over=(TableCell(), *(TableCell(f"({number})") for number in range(1, 1 + len(columns)))),
                columns=(TableColumn(), *(TableColumn(study.estimator_label(name)) for name in columns)),
                groups=plain_rows(list(_rows(run, outcome, columns))),
                notes=(*estimate_notes(study), *_notes(run, outcome, columns), *run_notes(run)),
                name=f"regressions-{file_slug(outcome)}",
            )


def _rows(run: Run, outcome: str, columns: Estimates) -> Iterator[Texts]:
    study = run.manifest.study
    terms = terms_in_order(study, (term for column in columns.values() for term in column))
    for term in sorted(terms, key=lambda term: term == CONSTANT):
        label = gettext("Constant") if term == CONSTANT else study.label(term)
        yield from _term(study, label, [column.get(term) for column in columns.values()])
    asked = [entry for entry in study.estimators if entry.id in columns]
    for key in dict.fromkeys(key for entry in asked for key in entry.effects):
        yield (_effects_label(study, key), *(_yes_or_no(entry, key) for entry in asked))
    known = [next(iter(column.values())) for column in columns.values()]
    yield (gettext("N"), *(count(row.n_obs) for row in known))
    for name, label in FIT.items():
        values = [_statistic(run, outcome, entry.id, name) for entry in asked]
        if any(map(math.isfinite, values)):
            yield (gettext(label), *(fixed(value, 3) for value in values))


def _term(study: StudyRecord, label: str, rows: Sequence[CoefficientRow | None]) -> Iterator[Texts]:
    decimals = decimals_for([row.std_error for row in rows if row is not None] or [1.0])
    yield (label, *(_estimate(study, row, decimals) for row in rows))
    beneath = ("" if row is None else bracketed(study, row.estimate, row.std_error, decimals) for row in rows)
    yield ("", *beneath)


def _estimate(study: StudyRecord, row: CoefficientRow | None, decimals: int) -> str:
    if row is None:
        return ""
    return starred(study, rounded(row.estimate, decimals), row.p_value)


def _effects_label(study: StudyRecord, key: str) -> str:
    column = {"entity": study.entity, "time": study.time}.get(key, key)
    return gettext("Effects of {column}").format(column=study.label(column))


def _yes_or_no(entry: EstimatorRecord, key: str) -> str:
    return gettext("Yes") if key in entry.effects else gettext("No")


def _statistic(run: Run, outcome: str, estimator: str, name: str) -> float:
    key = (outcome, estimator, name)
    rows = run.rows(STATISTICS)
    return next((row.value for row in rows if (row.outcome, row.estimator, row.statistic) == key), math.nan)


def _notes(run: Run, outcome: str, columns: Estimates) -> Iterator[str]:
    """Yield what standard errors rest on, columns with the same together, and what biases coefficients."""
    same: dict[str, list[str]] = {}
    for number, column in enumerate(columns.values(), start=1):
        same.setdefault(_covariance(next(iter(column.values()))), []).append(f"({number})")
    for covariance, numbers in same.items():
        yield gettext("Covariance of {columns}: {covariance}.").format(
            columns=listed(numbers), covariance=covariance
        )
    caveat = coefficient_caveat(run, outcome)
    if caveat:
        yield caveat


def _covariance(row: CoefficientRow) -> str:
    """Return how errors are computed: "clustered by entity (545 clusters and small-sample factor 1.0037)"."""
    known = []
    if row.n_clusters:
        known.append(_groups(row))
    if math.isfinite(row.bandwidth):
        known.append(gettext("bandwidth {bandwidth}").format(bandwidth=count(int(row.bandwidth))))
    if math.isfinite(row.factor):
        known.append(gettext("small-sample factor {factor}").format(factor=fixed(row.factor, 4)))
    how = translated(row.covariance) or MISSING
    return gettext("{how} ({details})").format(how=how, details=joined(known)) if known else how


def _groups(row: CoefficientRow) -> str:
    """Return numbers of clusters, which have `` x `` between those of two keys, or of periods in words."""
    numbers = joined([count(int(float(number))) for number in row.n_clusters.split(" x ")])
    words = gettext("{numbers} periods") if math.isfinite(row.bandwidth) else gettext("{numbers} clusters")
    return words.format(numbers=numbers)
