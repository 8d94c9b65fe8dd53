"""The section of expected numbers: expected, obtained, how far apart, grouped by where they are from."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Paragraph, ReportBlock
from harness.report.sections.section import Section
from harness.report.table import MOST_ROWS, ReportTable, RowGroup, TableCell, TableColumn, TableRow
from harness.tables.claims import EXPECTATIONS, ExpectationRow
from harness.text.numbers import MISSING, count, fixed, significant
from harness.text.plain_text import Footnotes

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer

PINNED = marked("pinned from a run")
"""Source of numbers that nobody published."""


def expectation_blocks(run: Run, _renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield how many numbers the run reproduces, and the table of all."""
    rows = run.rows(EXPECTATIONS)
    if rows:
        n_reproduced = sum(row.status == "reproduced" for row in rows)
        yield Paragraph(
            gettext(
                "The spec names {n_all} numbers that a run must reproduce; this run reproduces "
                "{n_reproduced}."
            ).format(n_all=count(len(rows)), n_reproduced=count(n_reproduced))
        )
        yield expectation_table(rows)


def expectation_table(rows: tuple[ExpectationRow, ...]) -> ReportTable:
    """Return the expected numbers by source, those that the run does not reproduce first and all shown."""
    footnotes = Footnotes()
    rows = tuple(sorted(rows, key=lambda row: row.status == "reproduced"))
    return ReportTable(
        caption=gettext("Numbers that the spec expects beside those of this run"),
        columns=(
            TableColumn(gettext("Cell")),
            *(TableColumn(gettext("Expected")), TableColumn(gettext("Obtained"))),
            *(TableColumn(gettext("Difference")), TableColumn(gettext("Tolerance"))),
            TableColumn(gettext("Status"), "text"),
        ),
        groups=tuple(
            RowGroup(tuple(_row(row, footnotes) for row in rows if _source(row) == source), source)
            for source in dict.fromkeys(map(_source, rows))
        ),
        footnotes=footnotes.listed(),
        most=max(MOST_ROWS, sum(row.status != "reproduced" for row in rows)),
    )


def _source(row: ExpectationRow) -> str:
    return row.source if row.origin == "publication" else PINNED


def _row(row: ExpectationRow, footnotes: Footnotes) -> TableRow:
    look = "status better" if row.status == "reproduced" else "status worse"
    return TableRow(
        (
            f"{row.table}: {row.where}, {row.column}",
            _shown(row.expected) if row.digits is None else fixed(float(row.expected), max(row.digits, 0)),
            _shown(row.obtained),
            significant(row.difference, 2) if math.isfinite(row.difference) else "",
            significant(row.tolerance, 2) if math.isfinite(row.tolerance) else "",
            TableCell(row.status, look=look, mark=footnotes.mark(row.reason)),
        )
    )


def _shown(held: str) -> str:
    """Return a number with seven digits, a text as it is, and a dash for nothing."""
    try:
        return significant(float(held), 7)
    except ValueError:
        return held or MISSING


EXPECTATIONS_SECTION = Section("expectations", marked("Expected numbers"), 1100, expectation_blocks)
