"""The section of the truth behind simulated data, and how far each estimator is from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.record.manifest import StudyRecord
from harness.report.blocks import Appendix, ReportBlock
from harness.report.sections.section import Section
from harness.report.table import ReportTable, TableCell, TableRow, columns_of, row_groups
from harness.tables.curves import TRUTH_ERRORS, TruthErrorRow
from harness.text.numbers import percent, significant

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
    """Yield the errors of the curves; to the appendix those of all answers."""
    yield truth_table(run, kinds_of_curves(run))
    yield Appendix((truth_table(run, tuple(KINDS)),))


def kinds_of_curves(run: Run) -> tuple[str, ...]:
    """Return the kind of curves that the page has: over supported rows where there are any."""
    kinds = {row.kind for row in run.rows(TRUTH_ERRORS)}
    return ("level_supported",) if "level_supported" in kinds else ("level",)


def _answers(run: Run, outcome: str) -> Iterator[tuple[str, str, Answers]]:
    """Yield scenario, kind and errors, scenarios in the order of the run."""
    rows = run.rows(TRUTH_ERRORS)
    for scenario in dict.fromkeys(row.scenario for row in rows):
        for kind in KINDS:
            key = (outcome, scenario, kind)
            if own := [row for row in rows if (row.outcome, row.scenario, row.kind) == key]:
                yield scenario, kind, own


def truth_table(run: Run, kinds: Sequence[str]) -> ReportTable:
    """Return the errors of every estimator, a row for each of some kinds of answer to a scenario."""
    study = run.manifest.study
    return ReportTable(
        caption=gettext("Root mean squared error against the truth"),
        columns=columns_of(gettext("Answer"), *(entry.label for entry in study.estimators)),
        groups=row_groups(
            (study.axis_label(name), [_row(study, *own) for own in _answers(run, name) if own[1] in kinds])
            for name in study.outcomes
        ),
        notes=(
            gettext(
                "Bold: the lowest of the row. Beneath: share of points whose pointwise {level} interval "
                "holds the truth; of places, how many are found and how many are true."
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


TRUTH_SECTION = Section(
    *("truth", marked("Truth"), 980, truth_blocks),
    heading=marked("How far each estimator is from the truth"),
    tables=(TRUTH_ERRORS.name,),
)
