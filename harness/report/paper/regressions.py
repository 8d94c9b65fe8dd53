"""Regressions of one outcome: numbered columns, terms down, effects as Yes or No, rows and R² beneath."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.sections.coefficients import (
    Estimates,
    coefficient_caveat,
    estimates_of,
    terms_in_order,
)
from harness.report.table import Given, ReportTable, TableCell, TableColumn, plain_rows
from harness.tables.coefficients import STATISTICS, CoefficientRow
from harness.tables.effects import EffectRow, RobustnessRow
from harness.text.numbers import MISSING, count, decimals_for, fixed, plain, rounded
from harness.text.plain_text import file_slug, joined, listed

CONSTANT = "const"
T_DECIMALS = 2

# Statistics beneath the coefficients, with how they are called.
FIT = {"r2_within": marked("Within R²"), "r2_dummies": marked("R², effects included")}


def estimate_cell(
    study: StudyRecord, row: CoefficientRow | EffectRow | RobustnessRow, decimals: int
) -> TableCell:
    """Return an estimate as a paper prints it: stars for its p-value, beneath it what stands in brackets."""
    beneath = bracketed(study, row.estimate, row.std_error, decimals)
    shown = starred(study, rounded(row.estimate, decimals), row.p_value)
    return TableCell(shown, (beneath,) if beneath else ())


def starred(study: StudyRecord, text: str, p_value: float) -> str:
    """Return an estimate with a star for each of the study's levels that its p-value is below."""
    return text + "*" * sum(p_value < level for level in study.stars)


def bracketed(study: StudyRecord, estimate: float, std_error: float, decimals: int) -> str:
    """Return what stands beneath an estimate: its standard error, or its statistic; empty without one."""
    if not (math.isfinite(std_error) and std_error > 0.0):
        return ""
    if study.brackets == "t":
        return f"({fixed(estimate / std_error, T_DECIMALS)})"
    return f"({rounded(std_error, decimals)})"


def estimate_notes(study: StudyRecord) -> Iterator[str]:
    """Yield what stands in brackets, and what stars say where there are any."""
    yield (
        gettext("Test statistics in brackets.")
        if study.brackets == "t"
        else gettext("Standard errors in brackets.")
    )
    if study.stars:
        levels = listed(f"{'*' * n} p < {plain(level)}" for n, level in enumerate(study.stars, start=1))
        words = gettext("{levels}, each p-value alone, without regard to how many there are.")
        yield words.format(levels=levels)


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
                notes=(*estimate_notes(study), *_notes(run, outcome, columns)),
                name=f"regressions-{file_slug(outcome)}",
            )


def _rows(run: Run, outcome: str, columns: Estimates) -> Iterator[Sequence[Given]]:
    study = run.manifest.study
    terms = terms_in_order(study, (term for column in columns.values() for term in column))
    for term in sorted(terms, key=lambda term: term == CONSTANT):
        rows = [column.get(term) for column in columns.values()]
        decimals = decimals_for([row.std_error for row in rows if row is not None] or [1.0])
        label = gettext("Constant") if term == CONSTANT else study.label(term)
        yield (label, *("" if row is None else estimate_cell(study, row, decimals) for row in rows))
    entries = [entry for entry in study.estimators if entry.id in columns]
    for key in dict.fromkeys(key for entry in entries for key in entry.effects):
        column = study.label({"entity": study.entity, "time": study.time}.get(key, key))
        yield (gettext("Effects of {column}").format(column=column), *(_has(one, key) for one in entries))
    yield (gettext("N"), *(count(next(iter(column.values())).n_obs) for column in columns.values()))
    found = {(row.outcome, row.estimator, row.statistic): row.value for row in run.rows(STATISTICS)}
    for name, label in FIT.items():
        values = [found.get((outcome, entry.id, name), math.nan) for entry in entries]
        if any(map(math.isfinite, values)):
            yield (gettext(label), *(fixed(value, 3) for value in values))


def _has(entry: EstimatorRecord, key: str) -> str:
    return gettext("Yes") if key in entry.effects else gettext("No")


def _notes(run: Run, outcome: str, columns: Estimates) -> Iterator[str]:
    """Yield what standard errors rest on, columns with the same together, and what biases coefficients."""
    same: dict[str, list[str]] = {}
    for number, column in enumerate(columns.values(), start=1):
        same.setdefault(_covariance(next(iter(column.values()))), []).append(f"({number})")
    words = gettext("Covariance of {columns}: {covariance}.")
    for covariance, numbers in same.items():
        yield words.format(columns=listed(numbers), covariance=covariance)
    if caveat := coefficient_caveat(run, outcome):
        yield caveat


def _covariance(row: CoefficientRow) -> str:
    """Return how errors are computed: "clustered by entity (545 clusters and small-sample factor 1.0037)"."""
    known = []
    has_periods = math.isfinite(row.bandwidth)
    if row.n_clusters:
        # Those of two keys have `` x `` between them.
        numbers = joined([count(int(float(number))) for number in row.n_clusters.split(" x ")])
        words = gettext("{numbers} periods") if has_periods else gettext("{numbers} clusters")
        known.append(words.format(numbers=numbers))
    if has_periods:
        known.append(gettext("bandwidth {bandwidth}").format(bandwidth=count(int(row.bandwidth))))
    if math.isfinite(row.factor):
        known.append(gettext("small-sample factor {factor}").format(factor=fixed(row.factor, 4)))
    how = translated(row.covariance) or MISSING
    return gettext("{how} ({details})").format(how=how, details=joined(known)) if known else how
