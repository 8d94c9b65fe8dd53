"""The section of diagnostics: tests of what estimators assume, statistics of their fits, what they chose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.manifest import EstimatorRecord
from harness.report import table as parts
from harness.report.blocks import Appendix, ReportBlock, tabs_of
from harness.report.sections.section import Section
from harness.tables.coefficients import DIAGNOSTICS, STATISTICS, DiagnosticRow, StatisticRow
from harness.text.numbers import count, fixed, p_text, plain, significant
from harness.text.plain_text import Footnotes, capitalised, in_turn

# How tests are called, in their order; one that is not here has its name as the table has it.
TESTS: Mapping[str, str] = {
    "slopes": marked("Wald test of the slopes"),
    "f_effects": marked("F test of the effects"),
    "breusch_pagan": marked("Breusch–Pagan LM test"),
    "hausman": marked("Hausman test"),
    "mundlak": marked("Mundlak test"),
    "serial_correlation": marked("Wooldridge test"),
    "cross_section_dependence": marked("Pesaran CD test"),
    "heteroscedasticity": marked("Breusch–Pagan test of heteroskedasticity"),
    "white": marked("White test"),
    "reset": marked("Ramsey RESET test"),
    "moran": marked("Moran's I"),
    "lm_error": marked("LM test, spatial error"),
    "lm_lag": marked("LM test, spatial lag"),
    "lm_error_robust": marked("Robust LM test, spatial error"),
    "lm_lag_robust": marked("Robust LM test, spatial lag"),
    "durbin_to_lag": marked("Wald test, spatial lag is enough"),
    "durbin_to_error": marked("Wald test, spatial error is enough"),
    "first_stage": marked("First-stage F test"),
    "overidentification": marked("Overidentification test"),
    "autocorrelation_1": marked("Arellano–Bond test, order 1"),
    "autocorrelation_2": marked("Arellano–Bond test, order 2"),
    "exogeneity": marked("Exogeneity test"),
    "equal_slopes": marked("Wald test of equal slopes at all quantiles"),
}

# Statistics that are shown, in their order; the run folder has all of them, each with its definition.
NAMED_STATISTICS: Mapping[str, str] = {
    "n_obs": marked("Rows"),
    "n_entities": marked("Entities"),
    "n_instruments": marked("Instruments"),
    "r2_within": marked("R² within"),
    "r2_between": marked("R² between"),
    "r2_overall": marked("R² overall"),
    "r2_dummies": marked("R² with the effects"),
    "sigma": marked("Standard error of the regression"),
    "long_run_effect": marked("Effect in the long run"),
    "variance_entity": marked("Variance between entities"),
    "variance_idiosyncratic": marked("Variance of the rest"),
    "log_likelihood": marked("Log likelihood"),
    "aic": "AIC",
    "bic": "BIC",
}

SYMBOLS: Mapping[str, str] = {"F": "F", "chi2": "χ²", "noncentral chi2": "χ²", "normal": "z"}

# The table of what estimators chose by themselves, and its columns that are no options.
SEARCH, SEARCH_KEYS = "details/search", ("outcome", "estimator", "selection_nmse", "chosen")


def diagnostic_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield to the appendix the diagnostics for every outcome."""
    study = run.manifest.study
    yield Appendix((tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes),))


def _outcome(run: Run, outcome: str) -> Iterator[parts.ReportTable]:
    tests = [row for row in run.rows(DIAGNOSTICS) if row.outcome == outcome]
    statistics = [row for row in run.rows(STATISTICS) if row.outcome == outcome]
    having = {row.estimator for row in tests} | {row.estimator for row in statistics}
    entries = [entry for entry in run.manifest.study.estimators if entry.id in having]
    if entries:
        yield diagnostic_table(run.manifest.study.label(outcome), entries, tests, statistics)
    if rows := tuple(selections(run, outcome)):
        words = gettext("What estimators chose by themselves for {label}, all rows of the panel")
        yield parts.ReportTable(
            caption=words.format(label=run.manifest.study.label(outcome)),
            columns=parts.columns_of(
                *(gettext("Estimator"), gettext("Candidates"), parts.TableColumn(gettext("Chosen"), "text")),
                gettext("MSE / variance,\nrows to select on"),
            ),
            groups=parts.plain_rows(rows),
        )


def diagnostic_table(
    label: str,
    entries: Sequence[EstimatorRecord],
    tests: Sequence[DiagnosticRow],
    statistics: Sequence[StatisticRow],
) -> parts.ReportTable:
    """Return the tests and statistics of all fits for one outcome, an estimator a column."""
    names, footnotes = [entry.id for entry in entries], Footnotes()
    found = dict.fromkeys(row.test for row in tests)
    in_order = [*(name for name in TESTS if name in found), *(name for name in found if name not in TESTS)]
    rows = [_test_row(name, tests, names, footnotes) for name in in_order]
    groups = ("", rows), (gettext("Statistics"), list(_statistic_rows(statistics, names)))
    what = gettext("Test, and what is true if its statistic is small")
    return parts.ReportTable(
        caption=gettext("Tests and statistics of the fits for {label}, all rows").format(label=label),
        columns=parts.columns_of(what, *(entry.label for entry in entries)),
        groups=parts.row_groups(groups),
        footnotes=footnotes.listed(),
        notes=(gettext("Sources and definitions: details/diagnostics.csv and details/statistics.csv."),),
    )


def _test_row(
    test: str, rows: Sequence[DiagnosticRow], names: Sequence[str], footnotes: Footnotes
) -> parts.TableRow:
    own = {row.estimator: row for row in rows if row.test == test}
    null = in_turn(dict.fromkeys(translated(row.null_hypothesis) for row in own.values() if row.is_done))
    kind, of, variable = test.partition(" (")
    label = gettext(TESTS.get(kind, capitalised(kind.replace("_", " ")))) + of + variable
    cells: list[parts.Given] = [_test(own[name], footnotes) if name in own else "" for name in names]
    return parts.TableRow((parts.TableCell(label, (null,) if null else ()), *cells))


def _test(row: DiagnosticRow, footnotes: Footnotes) -> parts.TableCell:
    if not row.is_done:
        return parts.TableCell(gettext(row.status), mark=footnotes.mark(row.reason))
    degrees = ", ".join(plain(number) for number in (row.df1, row.df2) if math.isfinite(number))
    symbol = SYMBOLS.get(row.distribution, row.distribution)
    p_value = p_text(row.p_value)
    return parts.TableCell(
        f"{symbol}{f'({degrees})' if degrees else ''} = {significant(row.statistic)}",
        (p_value,) if p_value else (),
        mark=footnotes.mark(translated(row.caution)),
    )


def _statistic_rows(rows: Sequence[StatisticRow], names: Sequence[str]) -> Iterator[parts.TableRow]:
    found = {(row.statistic, row.estimator): row.value for row in rows}
    for name, label in NAMED_STATISTICS.items():
        values = [found.get((name, estimator)) for estimator in names]
        if any(value is not None for value in values):
            yield parts.TableRow((gettext(label), *(_statistic(name, value) for value in values)))


def _statistic(name: str, value: float | None) -> str:
    if value is None:
        return ""
    if name.startswith("n_"):
        return count(int(value))
    return fixed(value, 3) if name.startswith("r2") else significant(value)


def selections(run: Run, outcome: str) -> Iterator[tuple[parts.Given, ...]]:
    """Yield what estimators chose for an outcome: label, number of candidates, options, selection error."""
    frame = run.frame(SEARCH)
    own = frame if frame.empty else frame[frame["outcome"] == outcome]
    names = [str(name) for name in frame.columns if name not in SEARCH_KEYS]
    for estimator, compared in () if own.empty else own.groupby("estimator", sort=False):
        for chosen in compared[compared["chosen"].astype(str) == "True"].head(1).to_dict("records"):
            options = {name: chosen[name] for name in names if compared[name].notna().all()}
            shown = (
                f"{name} {plain(value) if isinstance(value, float) else value}"
                for name, value in options.items()
            )
            label, error = run.manifest.study.estimator_label(str(estimator)), chosen["selection_nmse"]
            yield label, count(len(compared)), parts.code_cell(", ".join(shown)), fixed(float(error), 3)


DIAGNOSTICS_SECTION = Section(
    *("diagnostics", marked("Diagnostics"), 1300, diagnostic_blocks, marked("Diagnostics of the fits")),
    tables=(DIAGNOSTICS.name, STATISTICS.name, SEARCH),
)
