"""The section of coefficients: terms down, estimators across, with what their standard errors rest on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.findings.gain import nickell_caveat
from harness.findings.run import Run
from harness.language import gettext, marked, translated
from harness.record.study import StudyRecord
from harness.report.blocks import NewSentences, Paragraph, Phrase, ReportBlock, SmallPrint, tabs_of
from harness.report.sections.section import Section
from harness.report.table import ReportTable, RowGroup, TableCell, TableColumn, TableRow
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow
from harness.text.numbers import MISSING, count, decimals_for, fixed, interval, percent, plain, rounded
from harness.text.plain_text import joined

if TYPE_CHECKING:
    import pandas as pd


# How threshold models call the regimes of their terms: ``gdp > 5.51256``, ``exposure (gdp > 5.51256)``.
NUMBER = r"-?[\d.]+(?:e[-+]?\d+)?"
REGIME = re.compile(rf"(?:(?P<low>{NUMBER}) < )?(?P<variable>.+?) (?P<sign><=|>) (?P<high>{NUMBER})")
REGIME_TERM = re.compile(rf"(?P<term>.+?) \((?P<regime>.+ (?:<=|>) {NUMBER})\)")

NO_COEFFICIENTS = marked("no coefficients; the curves say what is estimated")

# By estimator and term.
Estimates = Mapping[str, Mapping[str, CoefficientRow]]


def estimates_of(run: Run, outcome: str) -> Estimates:
    """Return the coefficients for one outcome that are numbers, estimators in the order of the study."""
    own: dict[str, dict[str, CoefficientRow]] = {}
    for row in run.rows(COEFFICIENTS):
        if row.outcome == outcome and row.is_done and row.term and math.isfinite(row.estimate):
            own.setdefault(row.estimator, {})[row.term] = row
    return {entry.id: own[entry.id] for entry in run.manifest.study.estimators if entry.id in own}


def coefficient_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield the coefficients for every outcome, and why some estimators have none."""
    study = run.manifest.study
    yield tabs_of((study.label(outcome), _outcome(run, outcome)) for outcome in study.outcomes)
    text = gettext(
        "All rows of the panel, units of the outcome per unit of the term; standard errors in brackets, "
        "{level} intervals beneath. A blank is a term that the estimator does not have or that its "
        "effects absorb. The corrections behind each covariance are in coefficients.csv."
    ).format(level=percent(study.level, 0))
    yield SmallPrint(text)


def _outcome(run: Run, outcome: str) -> Iterator[ReportBlock]:
    if estimates_of(run, outcome):
        yield coefficient_table(run, outcome)
    else:
        yield Paragraph(gettext("No estimator has coefficients."), "soft")
    for reason in without_coefficients(run, outcome):
        yield NewSentences(reason, "note")
    if caveat := coefficient_caveat(run, outcome):
        yield Paragraph(caveat, "note")


def without_coefficients(run: Run, outcome: str) -> Iterator[str]:
    """Yield why some estimators have no coefficients, those with the same reason together."""
    having = estimates_of(run, outcome)
    refused = (row for row in run.rows(COEFFICIENTS) if row.outcome == outcome and not row.is_done)
    reasons = {row.estimator: row.reason for row in refused}
    without: dict[str, list[str]] = {}
    for entry in run.manifest.study.estimators:
        if entry.id not in having:
            without.setdefault(reasons.get(entry.id) or gettext(NO_COEFFICIENTS), []).append(entry.label)
    for reason, labels in without.items():
        yield gettext("{label}: {reason}.").format(label=joined(labels), reason=reason)


def coefficient_caveat(run: Run, outcome: str) -> str:
    """Return what a lagged outcome does to coefficients of estimators with effects; empty without one."""
    having = estimates_of(run, outcome)
    biased = [one.label for one in run.manifest.study.estimators if one.id in having and one.goes_by_within]
    caveat = nickell_caveat(run, outcome) if biased else ""
    words = gettext("{estimators}: {caveat}")
    return words.format(estimators=joined(biased), caveat=caveat) if caveat else ""


def coefficient_table(run: Run, outcome: str) -> ReportTable:
    """Return the coefficients for one outcome: the exposure first, then as the study lists its variables."""
    study, columns = run.manifest.study, estimates_of(run, outcome)
    entries = [entry for entry in study.estimators if entry.id in columns]
    firsts = [next(iter(columns[entry.id].values())) for entry in entries]
    terms = terms_in_order(study, (term for own in columns.values() for term in own))
    effects = [joined([gettext(name) for name in entry.effects]) or MISSING for entry in entries]
    rows = (_row(study, term, [own.get(term) for own in columns.values()]) for term in terms)
    degrees = (_degrees(row.df_resid) for row in firsts)
    return ReportTable(
        caption=gettext("Coefficients for {label}").format(label=study.axis_label(outcome)),
        columns=(TableColumn(gettext("Term")), *(TableColumn(entry.label) for entry in entries)),
        groups=(RowGroup(tuple(rows)),),
        foot=(
            TableRow((gettext("Effects taken out"), *effects)),
            TableRow((gettext("Standard errors"), *(translated(row.covariance) for row in firsts))),
            TableRow((gettext("Degrees of freedom"), *degrees), is_for_files=True),
            TableRow((gettext("Rows"), *(count(row.n_obs) for row in firsts)), is_for_files=True),
        ),
        is_whole=True,
    )


def _degrees(value: float) -> str:
    return fixed(value, 1 if math.isfinite(value) and value != round(value) else 0)


def terms_in_order(study: StudyRecord, terms: Iterable[str]) -> list[str]:
    """Return terms once each: the exposure first, then as the study lists its variables, then all others."""
    found = list(dict.fromkeys(terms))
    listed = [*study.exposure_columns, *study.moderators, *study.controls]
    known = [term for term in listed if term in found]
    return known + [term for term in found if term not in listed]


def term_label(study: StudyRecord, term: str) -> str:
    """Return how a term is called, in a threshold model with the regime that it is of."""
    found = REGIME_TERM.fullmatch(term)
    if found is None:
        return study.label(term)
    return f"{study.label(found['term'])} ({regime_label(study, found['regime'])})"


def regime_label(study: StudyRecord, regime: str) -> str:
    """Return where a regime lies, such as ``5.513 < GDP ≤ 7.2`` for ``5.51256 < gdp <= 7.2``."""
    found = REGIME.fullmatch(regime)
    if found is None:
        return regime
    above = f"{plain(float(found['low']))} < " if found["low"] else ""
    sign = found["sign"].replace("<=", "≤")
    return f"{above}{study.label(found['variable'])} {sign} {plain(float(found['high']))}"


def _row(study: StudyRecord, term: str, rows: Sequence[CoefficientRow | None]) -> TableRow:
    label, cells = term_label(study, term), term_cells(rows)
    if term not in study.exposure_columns:
        return TableRow((label, *cells))
    exposure = TableCell((f"{label} ", Phrase(gettext("(exposure)"), look="soft")))
    return TableRow((exposure, *cells), "reference")


def term_cells(rows: Sequence[CoefficientRow | None]) -> tuple[TableCell, ...]:
    """Return one term across the estimators, with standard errors and intervals beneath; empty without it."""
    decimals = decimals_for([row.std_error for row in rows if row is not None] or [1.0])
    return tuple(TableCell() if row is None else _cell(row, decimals) for row in rows)


def _cell(row: CoefficientRow, decimals: int) -> TableCell:
    limits = interval(row.conf_low, row.conf_high, decimals)
    beneath = (f"({rounded(row.std_error, decimals)})", *([limits] if limits else []))
    return TableCell(rounded(row.estimate, decimals), beneath)


COEFFICIENTS_SECTION = Section("coefficients", marked("Coefficients"), 1200, coefficient_blocks)

# Statistics beneath the coefficients of a stored fit, with their labels.
STATISTICS: Mapping[str, str] = {"N": marked("Observations"), "se_type": marked("Covariance")}

# Names of maketables by those of the table ``coefficients``.
COLUMNS: Mapping[str, str] = {"estimate": "b", "std_error": "se", "statistic": "t", "p_value": "p"}


@dataclass(frozen=True, eq=False)
class StoredFit:
    """Estimates of one estimator for one outcome, read from a run; ``maketables.ETable([fit])`` takes it.

    Attributes
    ----------
    outcome : how it is called
    rows : of the table ``coefficients``, one a term; at least one
    labels : of terms, by name
    effects : keys and columns whose effects are absorbed
    """

    outcome: str
    rows: pd.DataFrame
    labels: Mapping[str, str]
    effects: tuple[str, ...] = ()

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        table = self.rows.set_index("term")[list(COLUMNS)].rename(columns=COLUMNS)
        return table.rename_axis(gettext("Coefficient"))

    @property
    def __maketables_depvar__(self) -> str:
        return self.outcome

    @property
    def __maketables_var_labels__(self) -> Mapping[str, str]:
        return self.labels

    @property
    def __maketables_fixef_string__(self) -> str | None:
        return "+".join(self.effects) or None

    @property
    def __maketables_vcov_info__(self) -> Mapping[str, str]:
        return {"vcov_type": str(self.__maketables_stat__("se_type"))}

    @property
    def __maketables_stat_labels__(self) -> Mapping[str, str]:
        return {key: gettext(label) for key, label in STATISTICS.items()}

    @property
    def __maketables_default_stat_keys__(self) -> list[str]:
        return list(STATISTICS)

    def __maketables_stat__(self, key: str) -> int | str | None:
        first = self.rows.iloc[0]
        known: dict[str, int | str] = {"N": int(first["n_obs"]), "se_type": str(first["covariance"])}
        return known.get(key)
