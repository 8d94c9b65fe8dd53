"""Coefficients side by side: terms down, estimators across."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.language import gettext, marked, reworded
from harness.record.study import EstimatorRecord, StudyRecord
from harness.report.model.lagged_outcome import nickell_caveat
from harness.report.model.run import Run
from harness.report.text.numbers import (
    MISSING,
    count,
    decimals_for,
    fixed,
    interval,
    plain,
    rounded,
)
from harness.report.text.plain_text import joined
from harness.tables.coefficients import COEFFICIENTS, CoefficientRow

NUMBER = r"-?[\d.]+(?:e[-+]?\d+)?"
REGIME = re.compile(rf"(?:(?P<low>{NUMBER}) < )?(?P<variable>.+?) (?P<sign><=|>) (?P<high>{NUMBER})")
REGIME_TERM = re.compile(rf"(?P<term>.+?) \((?P<regime>.+ (?:<=|>) {NUMBER})\)")
"""How threshold models call the regimes of their terms: ``gdp > 5.51256``, ``exposure (gdp > 5.51256)``."""


@dataclass(frozen=True)
class CoefficientCell:
    """An estimate with its standard error and interval beneath; empty texts where the term is not there."""

    estimate: str
    std_error: str
    interval: str


@dataclass(frozen=True)
class TermRow:
    """One term across the estimators."""

    label: str
    is_exposure: bool
    cells: tuple[CoefficientCell, ...]


@dataclass(frozen=True)
class CoefficientColumn:
    """One estimator: what its standard errors rest on.

    Attributes
    ----------
    effects : that it takes out, such as "entity and time"
    """

    label: str
    effects: str
    covariance: str
    df_resid: str
    n_obs: str


@dataclass(frozen=True)
class ShownCoefficients:
    """The coefficients for one outcome.

    Attributes
    ----------
    without : why some estimators have none: their names and the reason
    caveat : what a lagged outcome does to coefficients of estimators with effects; empty without one
    """

    columns: tuple[CoefficientColumn, ...]
    rows: tuple[TermRow, ...]
    without: tuple[tuple[str, str], ...]
    caveat: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why some estimators have none, in sentences."""
        words = gettext("{label}: {reason}.")
        return tuple(words.format(label=label, reason=reason) for label, reason in self.without)


NO_COEFFICIENTS = marked("no coefficients; the curves say what is estimated")


def coefficient_rows(run: Run) -> tuple[CoefficientRow, ...]:
    """Return the rows of the table ``coefficients``."""
    return run.rows(COEFFICIENTS)


def coefficient_table(run: Run, outcome: str) -> ShownCoefficients:
    """Return the coefficients for one outcome: the exposure first, then as the study lists its variables."""
    study = run.manifest.study
    own = [row for row in coefficient_rows(run) if row.outcome == outcome]
    done = {
        (row.estimator, row.term): row
        for row in own
        if row.is_done and row.term and math.isfinite(row.estimate)
    }
    having = [entry for entry in study.estimators if any(name == entry.id for name, _ in done)]
    reasons = {row.estimator: row.reason for row in own if not row.is_done}
    without: dict[str, list[str]] = {}
    for entry in study.estimators:
        if entry not in having:
            without.setdefault(reasons.get(entry.id) or gettext(NO_COEFFICIENTS), []).append(entry.label)
    return ShownCoefficients(
        columns=tuple(
            _column(entry, next(row for (name, _), row in done.items() if name == entry.id))
            for entry in having
        ),
        rows=tuple(
            _term_row(study, term, [done.get((entry.id, term)) for entry in having])
            for term in terms_in_order(study, (term for _, term in done))
        ),
        without=tuple((joined(labels), reason) for reason, labels in without.items()),
        caveat=_caveat(run, outcome, having),
    )


def _caveat(run: Run, outcome: str, having: Sequence[EstimatorRecord]) -> str:
    biased = [entry.label for entry in having if entry.goes_by_within]
    caveat = nickell_caveat(run, outcome) if biased else ""
    return (
        gettext("{estimators}: {caveat}").format(estimators=joined(biased), caveat=caveat) if caveat else ""
    )


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


def _column(estimator: EstimatorRecord, row: CoefficientRow) -> CoefficientColumn:
    return CoefficientColumn(
        label=estimator.label,
        effects=joined([gettext(name) for name in estimator.effects]) or MISSING,
        covariance=reworded(row.covariance),
        df_resid=_degrees(row.df_resid),
        n_obs=count(row.n_obs),
    )


def _degrees(value: float) -> str:
    return fixed(value, 0 if value == round(value) else 1) if math.isfinite(value) else fixed(value, 0)


def _term_row(study: StudyRecord, term: str, rows: Sequence[CoefficientRow | None]) -> TermRow:
    errors = [row.std_error for row in rows if row is not None]
    decimals = decimals_for(errors or [1.0])
    return TermRow(
        label=term_label(study, term),
        is_exposure=term in study.exposure_columns,
        cells=tuple(_cell(row, decimals) for row in rows),
    )


def _cell(row: CoefficientRow | None, decimals: int) -> CoefficientCell:
    if row is None:
        return CoefficientCell("", "", "")
    return CoefficientCell(
        estimate=rounded(row.estimate, decimals),
        std_error=f"({rounded(row.std_error, decimals)})",
        interval=interval(row.conf_low, row.conf_high, decimals),
    )
