"""Coefficients side by side: terms down, estimators across."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.report.reading.rows import CoefficientRow
from harness.report.reading.run import Run
from harness.report.words.digits import (
    MAX_DECIMALS,
    MISSING,
    count,
    decimals_for,
    fixed,
    interval,
    significant,
)
from harness.report.words.text import joined
from harness.store.study_record import EstimatorRecord, StudyRecord


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
    groups : that the covariance takes as independent, such as "545 clusters"; empty where they are rows
    bandwidth, factor : of the covariance; empty where it has none
    """

    label: str
    effects: str
    covariance: str
    groups: str
    bandwidth: str
    factor: str
    df_resid: str
    n_obs: str


@dataclass(frozen=True)
class CoefficientTable:
    """The coefficients for one outcome.

    Attributes
    ----------
    without : why some estimators have none: their names and the reason
    """

    columns: tuple[CoefficientColumn, ...]
    rows: tuple[TermRow, ...]
    without: tuple[tuple[str, str], ...]


NO_COEFFICIENTS = "no coefficients; the curves say what is estimated"


def coefficient_table(run: Run, outcome: str) -> CoefficientTable:
    """Return the coefficients for one outcome: the exposure first, then as the study lists its variables."""
    study = run.manifest.study
    own = [row for row in run.coefficients if row.outcome == outcome]
    done = {
        (row.estimator, row.term): row
        for row in own
        if row.is_done and row.term and math.isfinite(row.estimate)
    }
    having = [one for one in study.estimators if any(name == one.id for name, _ in done)]
    reasons = {row.estimator: row.reason for row in own if not row.is_done}
    without: dict[str, list[str]] = {}
    for one in study.estimators:
        if one not in having:
            without.setdefault(reasons.get(one.id) or NO_COEFFICIENTS, []).append(one.label)
    return CoefficientTable(
        columns=tuple(
            _column(one, next(row for (name, _), row in done.items() if name == one.id)) for one in having
        ),
        rows=tuple(
            _term_row(study, term, [done.get((one.id, term)) for one in having])
            for term in _in_order(study, (term for _, term in done))
        ),
        without=tuple((joined(labels), reason) for reason, labels in without.items()),
    )


def _in_order(study: StudyRecord, terms: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(terms))
    listed = [study.exposure, *study.moderators, *study.controls]
    return [one for one in listed if one in found] + [one for one in found if one not in listed]


def _column(estimator: EstimatorRecord, row: CoefficientRow) -> CoefficientColumn:
    return CoefficientColumn(
        label=estimator.label,
        effects=joined(estimator.effects) or MISSING,
        covariance=row.covariance,
        groups=_groups(row),
        bandwidth=count(int(row.bandwidth)) if math.isfinite(row.bandwidth) else "",
        factor=fixed(row.factor, 4) if math.isfinite(row.factor) else "",
        df_resid=_degrees(row.df_resid),
        n_obs=count(row.n_obs),
    )


def _groups(row: CoefficientRow) -> str:
    """Return numbers of clusters, which have `` x `` between those of two keys, or of periods in words."""
    if not row.n_clusters:
        return ""
    numbers = joined([count(int(float(one))) for one in row.n_clusters.split(" x ")])
    return f"{numbers} {'periods' if math.isfinite(row.bandwidth) else 'clusters'}"


def _degrees(value: float) -> str:
    return fixed(value, 0 if value == round(value) else 1) if math.isfinite(value) else fixed(value, 0)


def _term_row(study: StudyRecord, term: str, rows: Sequence[CoefficientRow | None]) -> TermRow:
    errors = [row.std_error for row in rows if row is not None]
    decimals = decimals_for(errors or [1.0])
    return TermRow(
        label=study.label(term),
        is_exposure=term == study.exposure,
        cells=tuple(_cell(row, decimals) for row in rows),
    )


def _cell(row: CoefficientRow | None, decimals: int) -> CoefficientCell:
    if row is None:
        return CoefficientCell("", "", "")
    if decimals == MAX_DECIMALS:
        limits = f"[{significant(row.conf_low)}, {significant(row.conf_high)}]"
        return CoefficientCell(significant(row.estimate), f"({significant(row.std_error)})", limits)
    return CoefficientCell(
        estimate=fixed(row.estimate, decimals),
        std_error=f"({fixed(row.std_error, decimals)})",
        interval=interval(row.conf_low, row.conf_high, decimals),
    )
