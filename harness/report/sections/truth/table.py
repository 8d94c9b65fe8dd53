"""The table of errors against the truth: a row for each kind of answer, a column for each estimator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.model.run import Run
from harness.report.text.numbers import percent, significant
from harness.report.text.units import in_unit
from harness.tables.truth import TRUTH_ERRORS, TruthErrorRow

KINDS = {
    "level_supported": marked("curve over supported rows"),
    "level": marked("curve over all rows"),
    "slope": marked("slope of the curve"),
    "ale": marked("accumulated local effects"),
    "average_effect": marked("average effect"),
    "maximum": marked("where the curve has maxima"),
    "minimum": marked("where the curve has minima"),
    "contrast": marked("contrasts"),
    "effect": marked("effects by group"),
    "median": marked("levels of the curve by group"),
    "conditional_effect": marked("effects by moderator"),
    "threshold": marked("where the effect changes its sign"),
    "surface": marked("surface of levels"),
}
"""What has a truth, in words, in the order of the table."""

PLACES = frozenset({"maximum", "minimum", "threshold"})
"""Kinds whose error is one of where something is, which an estimator may miss or find without need."""


@dataclass(frozen=True)
class ErrorCell:
    """One error in words, and what stands beneath it."""

    value: str
    beneath: str
    is_lowest: bool


@dataclass(frozen=True)
class ErrorLine:
    """One kind of answer to one scenario."""

    label: str
    scenario: str
    cells: tuple[ErrorCell, ...]


@dataclass(frozen=True)
class TruthTable:
    """One outcome.

    Attributes
    ----------
    sentences : which estimator is nearest to the true curve, and how often its intervals hold it
    """

    outcome: str
    axis_label: str
    sentences: tuple[str, ...]
    lines: tuple[ErrorLine, ...]


def truth_rows(run: Run) -> tuple[TruthErrorRow, ...]:
    """Return the errors of every estimator; none where the data are not simulated."""
    return run.rows(TRUTH_ERRORS)


def truth_table(run: Run, outcome: str) -> TruthTable:
    """Return the errors for one outcome, scenarios in the order of the run."""
    study = run.manifest.study
    own = [row for row in truth_rows(run) if row.outcome == outcome]
    asked = dict.fromkeys(row.scenario for row in truth_rows(run))
    lines, sentences = [], []
    for scenario in asked:
        kinds = {row.kind for row in own if row.scenario == scenario}
        shape = next((kind for kind in ("level_supported", "level") if kind in kinds), "")
        for kind, label in KINDS.items():
            rows = [row for row in own if (row.scenario, row.kind) == (scenario, kind)]
            if rows:
                lines.append(ErrorLine(gettext(label), scenario, _cells(study, kind, rows)))
                if kind == shape:
                    sentences.append(nearest_text(study, outcome, gettext(label), rows))
    return TruthTable(study.label(outcome), study.axis_label(outcome), tuple(sentences), tuple(lines))


def _cells(study: StudyRecord, kind: str, rows: Sequence[TruthErrorRow]) -> tuple[ErrorCell, ...]:
    by_estimator = {row.estimator: row for row in rows}
    known = [row.rmse for row in rows if math.isfinite(row.rmse)]
    lowest = min(known, default=math.nan)
    found = (by_estimator.get(entry.id) for entry in study.estimators)
    return tuple(
        ErrorCell("", "", is_lowest=False)
        if row is None
        else ErrorCell(significant(row.rmse, 3), _beneath(kind, row), row.rmse == lowest)
        for row in found
    )


def _beneath(kind: str, row: TruthErrorRow) -> str:
    """Return how often intervals hold the truth; of places, how many are found of how many true ones."""
    if kind in PLACES:
        return gettext("found {n_found}, true {n_points}").format(n_found=row.n_found, n_points=row.n_points)
    return gettext("held at {coverage}").format(coverage=percent(row.coverage, 0))


def nearest_text(study: StudyRecord, outcome: str, what: str, rows: Sequence[TruthErrorRow]) -> str:
    """Return which estimator's curve is nearest to the truth, beside the reference's."""
    known = [row for row in rows if math.isfinite(row.rmse)]
    nearest = min(known, key=lambda row: row.rmse)
    own = next((row for row in known if row.estimator == study.reference), nearest)
    beside = (
        ""
        if own is nearest
        else gettext("; {reference_label} {rmse}").format(
            reference_label=study.reference_label, rmse=significant(own.rmse, 3)
        )
    )
    label = study.estimator_label(nearest.estimator)
    return gettext(
        "{label} is nearest to the true {what} of {outcome}: {rmse} away (root mean "
        "square{beside}); its pointwise intervals hold the truth at {coverage} of the points."
    ).format(
        label=label,
        what=what,
        outcome=study.label(outcome),
        rmse=in_unit(significant(nearest.rmse, 3), study.unit(outcome)),
        beside=beside,
        coverage=percent(nearest.coverage, 0),
    )
