"""The section of the truth behind simulated data, and how far each estimator is from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.study import StudyRecord
from harness.report.blocks import Bullets, Paragraph, ReportBlock
from harness.report.sections.section import Section
from harness.report.table import ReportTable, RowGroup, TableCell, TableRow, columns_of
from harness.tables.truth import TRUTH_ERRORS, TruthErrorRow
from harness.text.numbers import in_unit, percent, significant

# What has a truth, in words, in the order of the table.
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

# Kinds whose error is one of where something is, which an estimator may miss or find without need.
PLACES = frozenset({"maximum", "minimum", "threshold"})

# The errors of all estimators on one kind of answer to one scenario, for one outcome.
Answers = Sequence[TruthErrorRow]


def truth_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield which estimators are nearest to the true curves, and the table of all errors."""
    study = run.manifest.study
    note = gettext(
        "The data are simulated, so the expected outcome of every row is known for any {exposure}. The "
        "truth is what that response answers to the same questions, on the same rows, as the estimators "
        "are asked; it is drawn in dashes in every figure of an effect."
    ).format(exposure=study.label(study.exposure))
    yield Paragraph(note)
    yield Bullets(tuple(text for outcome in study.outcomes for text in nearest_texts(run, outcome)))
    yield truth_table(run)


def _answers(run: Run, outcome: str) -> Iterator[tuple[str, str, Answers]]:
    """Yield scenario, kind and errors, scenarios in the order of the run."""
    rows = run.rows(TRUTH_ERRORS)
    for scenario in dict.fromkeys(row.scenario for row in rows):
        for kind in KINDS:
            key = (outcome, scenario, kind)
            if own := [row for row in rows if (row.outcome, row.scenario, row.kind) == key]:
                yield scenario, kind, own


def nearest_texts(run: Run, outcome: str) -> Iterator[str]:
    """Yield which estimator is nearest to the true curve of each scenario; over supported rows if any."""
    study, known = run.manifest.study, set[str]()
    for scenario, kind, rows in _answers(run, outcome):
        if kind in {"level_supported", "level"} and scenario not in known:
            known.add(scenario)
            yield nearest_text(study, outcome, gettext(KINDS[kind]), rows)


def truth_table(run: Run) -> ReportTable:
    """Return the errors of every estimator, a row for each kind of answer to a scenario."""
    study = run.manifest.study
    return ReportTable(
        caption=gettext("Root mean squared error against the truth"),
        columns=columns_of(gettext("Answer"), *(entry.label for entry in study.estimators)),
        groups=tuple(
            RowGroup(rows, study.axis_label(outcome))
            for outcome in study.outcomes
            if (rows := tuple(_row(study, *answers) for answers in _answers(run, outcome)))
        ),
        notes=(
            gettext(
                "Bold: the lowest of the row. Curves and surfaces count where the data support them; errors "
                "are in the unit of what they are of, those of places in the unit of the axis. Beneath: the "
                "share of points at which the pointwise {level} interval holds the truth; of places, how "
                "many the estimator has and how many are true, the error being over pairs of both."
            ).format(level=percent(study.level, 0)),
        ),
    )


def _row(study: StudyRecord, scenario: str, kind: str, rows: Answers) -> TableRow:
    lowest = min((row.rmse for row in rows if math.isfinite(row.rmse)), default=math.nan)
    cells = {
        row.estimator: TableCell(
            significant(row.rmse, 3), (_beneath(kind, row),), "lowest" if row.rmse == lowest else ""
        )
        for row in rows
    }
    head = TableCell(gettext(KINDS[kind]), (scenario,) if scenario else ())
    return TableRow((head, *(cells.get(entry.id, "") for entry in study.estimators)))


def _beneath(kind: str, row: TruthErrorRow) -> str:
    """Return how often intervals hold the truth; of places, how many are found of how many true ones."""
    if kind in PLACES:
        return gettext("found {n_found}, true {n_points}").format(n_found=row.n_found, n_points=row.n_points)
    return gettext("held at {coverage}").format(coverage=percent(row.coverage, 0))


def nearest_text(study: StudyRecord, outcome: str, what: str, rows: Answers) -> str:
    """Return which estimator's curve is nearest to the truth, next to the reference's."""
    known = [row for row in rows if math.isfinite(row.rmse)]
    nearest = min(known, key=lambda row: row.rmse)
    own = next((row for row in known if row.estimator == study.reference), nearest)
    words = gettext("; {reference_label} {rmse}")
    also = words.format(reference_label=study.reference_label, rmse=significant(own.rmse, 3))
    label = study.estimator_label(nearest.estimator)
    return gettext(
        "{label} is nearest to the true {what} of {outcome}: {rmse} away (root mean "
        "square{beside}); its pointwise intervals hold the truth at {coverage} of the points."
    ).format(
        label=label,
        what=what,
        outcome=study.label(outcome),
        rmse=in_unit(significant(nearest.rmse, 3), study.unit(outcome)),
        beside="" if own is nearest else also,
        coverage=percent(nearest.coverage, 0),
    )


TRUTH_SECTION = Section(
    *("truth", marked("Truth"), 980, truth_blocks),
    heading=marked("The truth, and how far each estimator is from it"),
    tables=(TRUTH_ERRORS.name,),
)
