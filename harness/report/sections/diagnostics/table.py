"""The tables of diagnostics: tests of what estimators assume, statistics of their fits, what they chose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.language import gettext, marked, reworded
from harness.report.model.run import Run
from harness.report.sections.diagnostics.rows import ChosenCandidate, selections
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import count, fixed, p_text, plain, significant
from harness.report.text.plain_text import capitalised, in_turn, listed
from harness.tables.coefficients import DIAGNOSTICS, STATISTICS, DiagnosticRow, StatisticRow

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


@dataclass(frozen=True)
class DiagnosticCell:
    """One test or statistic of one estimator in words; `mark` is of the footnote with a reason or caution."""

    value: str
    p_value: str = ""
    mark: str = ""


@dataclass(frozen=True)
class DiagnosticTableRow:
    """One test, with what is true if its statistic is small, or one statistic."""

    label: str
    null_hypothesis: str
    cells: tuple[DiagnosticCell, ...]


@dataclass(frozen=True)
class SelectionTableRow:
    """What one estimator chose, in words."""

    label: str
    n_candidates: str
    chosen: str
    error: str


@dataclass(frozen=True)
class DiagnosticTable:
    """The diagnostics for one outcome.

    Attributes
    ----------
    columns : how the estimators are called that have any
    """

    columns: tuple[str, ...]
    tests: tuple[DiagnosticTableRow, ...]
    statistics: tuple[DiagnosticTableRow, ...]
    footnotes: tuple[tuple[str, str], ...]
    selections: tuple[SelectionTableRow, ...]


def diagnostic_table(run: Run, outcome: str) -> DiagnosticTable:
    """Return the diagnostics of all fits for one outcome, estimators in the order of the study."""
    study = run.manifest.study
    tests = [row for row in run.rows(DIAGNOSTICS) if row.outcome == outcome]
    statistics = [row for row in run.rows(STATISTICS) if row.outcome == outcome]
    having = {row.estimator for row in tests} | {row.estimator for row in statistics}
    columns = [entry for entry in study.estimators if entry.id in having]
    ids = [entry.id for entry in columns]
    footnotes = Footnotes()
    return DiagnosticTable(
        columns=tuple(entry.label for entry in columns),
        tests=_test_rows(tests, ids, footnotes),
        statistics=_statistic_rows(statistics, ids),
        footnotes=footnotes.listed(),
        selections=tuple(
            _selection_row(selection, study.estimator_label(selection.estimator))
            for selection in run.view(selections)
            if selection.outcome == outcome
        ),
    )


def _test_rows(
    rows: Sequence[DiagnosticRow], ids: Sequence[str], footnotes: Footnotes
) -> tuple[DiagnosticTableRow, ...]:
    found = {(row.test, row.estimator): row for row in rows}
    return tuple(
        DiagnosticTableRow(
            label=gettext(TESTS.get(test, capitalised(test.replace("_", " ")))),
            null_hypothesis=in_turn(
                dict.fromkeys(
                    reworded(row.null_hypothesis) for row in rows if row.test == test and row.is_done
                )
            ),
            cells=tuple(_test_cell(found.get((test, estimator)), footnotes) for estimator in ids),
        )
        for test in _in_order(TESTS, [row.test for row in rows])
    )


def _test_cell(row: DiagnosticRow | None, footnotes: Footnotes) -> DiagnosticCell:
    if row is None:
        return DiagnosticCell("")
    if not row.is_done:
        return DiagnosticCell(gettext(row.status), mark=footnotes.mark(row.reason))
    degrees = ", ".join(plain(number) for number in (row.df1, row.df2) if math.isfinite(number))
    symbol = SYMBOLS.get(row.distribution, row.distribution)
    return DiagnosticCell(
        value=f"{symbol}{f'({degrees})' if degrees else ''} = {significant(row.statistic)}",
        p_value=p_text(row.p_value),
        mark=footnotes.mark(reworded(row.caution)),
    )


def _statistic_rows(rows: Sequence[StatisticRow], ids: Sequence[str]) -> tuple[DiagnosticTableRow, ...]:
    found = {(row.statistic, row.estimator): row.value for row in rows}
    return tuple(
        DiagnosticTableRow(
            label=gettext(label),
            null_hypothesis="",
            cells=tuple(DiagnosticCell(_statistic(name, found.get((name, estimator)))) for estimator in ids),
        )
        for name, label in NAMED_STATISTICS.items()
        if any((name, estimator) in found for estimator in ids)
    )


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


def _selection_row(selection: ChosenCandidate, label: str) -> SelectionTableRow:
    options = listed(
        f"{gettext(name.replace('_', ' '))} {_option(value)}" for name, value in selection.options
    )
    return SelectionTableRow(
        label, count(selection.n_candidates), options, fixed(selection.selection_nmse, 3)
    )


def _option(value: object) -> str:
    return plain(value) if isinstance(value, float) else str(value)
