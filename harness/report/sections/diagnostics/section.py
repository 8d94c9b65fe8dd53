"""The section of diagnostics: tests of what estimators assume, statistics of their fits, what they chose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.study import EstimatorRecord
from harness.report.blocks import ReportBlock, tabs_of
from harness.report.sections.diagnostics.rows import selections
from harness.report.sections.section import Section
from harness.report.table import Given, ReportTable, RowGroup, TableCell, TableColumn, TableRow, plain_rows
from harness.tables.coefficients import DIAGNOSTICS, STATISTICS, DiagnosticRow, StatisticRow
from harness.text.numbers import count, fixed, p_text, plain, significant
from harness.text.plain_text import Footnotes, capitalised, in_turn, listed

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer

TESTS: Mapping[str, str] = {
    "slopes": marked("Wald test of the slopes"),
    "f_effects": marked("F test of the effects"),
    "breusch_pagan": marked("Breusch–Pagan LM test"),
    "hausman": marked("Hausman test"),
    "mundlak": marked("Mundlak test"),
    "serial_correlation": marked("Wooldridge test"),
    "cross_section_dependence": marked("Pesaran CD test"),
}
"""How tests are called; one that is not here has its name as the table has it."""

NAMED_STATISTICS: Mapping[str, str] = {
    "n_obs": marked("Rows"),
    "n_entities": marked("Entities"),
    "r2_within": marked("R² within"),
    "r2_between": marked("R² between"),
    "r2_overall": marked("R² overall"),
    "r2_dummies": marked("R² with the effects"),
    "sigma": marked("Standard error of the regression"),
    "variance_entity": marked("Variance between entities"),
    "variance_idiosyncratic": marked("Variance of the rest"),
    "log_likelihood": marked("Log likelihood"),
    "aic": "AIC",
    "bic": "BIC",
}
"""Statistics that are shown, in their order; the run folder has all of them, each with its definition."""

COUNTS = frozenset({"n_obs", "n_entities"})
SYMBOLS: Mapping[str, str] = {"F": "F", "chi2": "χ²", "noncentral chi2": "χ²", "normal": "z"}


SHOWN = 2
"""Tests that the page shows."""


def diagnostic_blocks(run: Run, _renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the diagnostics for every outcome."""
    study = run.manifest.study
    tests, statistics = (
        run.rows(DIAGNOSTICS),
        run.rows(STATISTICS),
    )
    if tests or statistics or run.view(selections):
        yield tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes)


def _outcome(run: Run, outcome: str) -> Iterator[ReportTable]:
    tests = [row for row in run.rows(DIAGNOSTICS) if row.outcome == outcome]
    statistics = [row for row in run.rows(STATISTICS) if row.outcome == outcome]
    having = {row.estimator for row in tests} | {row.estimator for row in statistics}
    entries = [entry for entry in run.manifest.study.estimators if entry.id in having]
    if entries:
        yield diagnostic_table(run.manifest.study.label(outcome), entries, tests, statistics)
    if any(one.outcome == outcome for one in run.view(selections)):
        yield selection_table(run, outcome)


def diagnostic_table(
    label: str,
    entries: Sequence[EstimatorRecord],
    tests: Sequence[DiagnosticRow],
    statistics: Sequence[StatisticRow],
) -> ReportTable:
    """Return the tests and statistics of all fits for one outcome, an estimator a column."""
    names, footnotes = [entry.id for entry in entries], Footnotes()
    rows = [
        _test_row(test, tests, names, footnotes) for test in _in_order(TESTS, [row.test for row in tests])
    ]
    shown = {cell.mark for row in rows[:SHOWN] for cell in row.cells if isinstance(cell, TableCell)}
    groups = (
        RowGroup(tuple(rows)),
        RowGroup(tuple(_statistic_rows(statistics, names)), gettext("Statistics")),
    )
    return ReportTable(
        caption=gettext("Tests and statistics of the fits for {label}, all rows").format(label=label),
        columns=(
            TableColumn(gettext("Test, and what is true if its statistic is small")),
            *(TableColumn(entry.label) for entry in entries),
        ),
        groups=tuple(group for group in groups if group.rows),
        footnotes=tuple(note for note in footnotes.listed() if note[0] in shown),
        notes=(
            gettext(
                "R² within, between and overall: of the constant and the regressors alone, without the "
                "effects; negative where they predict worse than the mean. R² with the effects: of the "
                "regression on dummies. All statistics and their definitions are in details/statistics.csv, "
                "the sources of the tests in details/diagnostics.csv. A blank is a test that does not go "
                "with the estimator."
            ),
        ),
        most=SHOWN,
    )


def _test_row(
    test: str, rows: Sequence[DiagnosticRow], names: Sequence[str], footnotes: Footnotes
) -> TableRow:
    own = {row.estimator: row for row in rows if row.test == test}
    null = in_turn(dict.fromkeys(translated(row.null_hypothesis) for row in own.values() if row.is_done))
    label = gettext(TESTS.get(test, capitalised(test.replace("_", " "))))
    cells: list[Given] = [_test(own[name], footnotes) if name in own else "" for name in names]
    return TableRow((TableCell(label, (null,) if null else ()), *cells))


def _test(row: DiagnosticRow, footnotes: Footnotes) -> TableCell:
    if not row.is_done:
        return TableCell(gettext(row.status), mark=footnotes.mark(row.reason))
    degrees = ", ".join(plain(number) for number in (row.df1, row.df2) if math.isfinite(number))
    symbol = SYMBOLS.get(row.distribution, row.distribution)
    p_value = p_text(row.p_value)
    return TableCell(
        f"{symbol}{f'({degrees})' if degrees else ''} = {significant(row.statistic)}",
        (p_value,) if p_value else (),
        mark=footnotes.mark(translated(row.caution)),
    )


def _statistic_rows(rows: Sequence[StatisticRow], names: Sequence[str]) -> Iterator[TableRow]:
    found = {(row.statistic, row.estimator): row.value for row in rows}
    for name, label in NAMED_STATISTICS.items():
        values = [found.get((name, estimator)) for estimator in names]
        if any(value is not None for value in values):
            yield TableRow((gettext(label), *(_statistic(name, value) for value in values)))


def _statistic(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name in COUNTS:
        return count(int(value))
    return fixed(value, 3) if name.startswith("r2") else significant(value)


def _in_order(known: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Return each name once: those that are known in their order, then the others."""
    found = list(dict.fromkeys(names))
    return [name for name in known if name in found] + [name for name in found if name not in known]


def selection_table(run: Run, outcome: str) -> ReportTable:
    """Return what estimators chose by themselves for one outcome."""
    study = run.manifest.study
    rows = []
    for one in run.view(selections):
        if one.outcome == outcome:
            chosen = listed(
                f"{gettext(name.replace('_', ' '))} {_option(value)}" for name, value in one.options
            )
            label, error = study.estimator_label(one.estimator), fixed(one.selection_nmse, 3)
            rows.append((label, count(one.n_candidates), chosen, error))
    return ReportTable(
        caption=gettext("What estimators chose by themselves for {label}, all rows of the panel").format(
            label=study.label(outcome)
        ),
        columns=(
            *(
                TableColumn(gettext("Estimator")),
                TableColumn(gettext("Candidates")),
                TableColumn(gettext("Chosen"), "text"),
            ),
            TableColumn(gettext("MSE / variance,\nrows to select on")),
        ),
        groups=plain_rows(rows),
    )


def _option(value: object) -> str:
    return plain(value) if isinstance(value, float) else str(value)


DIAGNOSTICS_SECTION = Section(
    name="diagnostics",
    title=marked("Diagnostics"),
    place=1300,
    content=diagnostic_blocks,
    heading=marked("Diagnostics of the fits"),
)
