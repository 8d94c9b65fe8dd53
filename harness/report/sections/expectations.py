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

# Source of numbers that nobody published.
PINNED = marked("pinned from a run")


def expectation_blocks(run: Run, _renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield how many numbers the run reproduces, and the table of all."""
    rows = run.rows(EXPECTATIONS)
    yield Paragraph(
        gettext(
            "The spec names {n_all} numbers that a run must reproduce; this run reproduces {n_reproduced}."
        ).format(n_all=count(len(rows)), n_reproduced=count(sum(row.status == "reproduced" for row in rows)))
    )
    yield expectation_table(rows)


def expectation_table(rows: tuple[ExpectationRow, ...]) -> ReportTable:
    """Return the expected numbers by source, those that the run does not reproduce first and all shown."""
    footnotes = Footnotes()
    by_source: dict[str, list[TableRow]] = {}
    for row in sorted(rows, key=lambda row: row.status == "reproduced"):
        source = row.source if row.origin == "publication" else PINNED
        look = "status better" if row.status == "reproduced" else "status worse"
        printed = None if row.digits is None else fixed(float(row.expected), max(row.digits, 0))
        cells = (
            *(f"{row.table}: {row.where}, {row.column}", printed or _number(row.expected)),
            *(_number(row.obtained), _two_digits(row.difference), _two_digits(row.tolerance)),
            TableCell(row.status, look=look, mark=footnotes.mark(row.reason)),
        )
        by_source.setdefault(source, []).append(TableRow(cells))
    heads = (
        *(gettext("Cell"), gettext("Expected"), gettext("Obtained"), gettext("Difference")),
        gettext("Tolerance"),
    )
    return ReportTable(
        caption=gettext("Numbers that the spec expects beside those of this run"),
        columns=(*map(TableColumn, heads), TableColumn(gettext("Status"), "text")),
        groups=tuple(RowGroup(tuple(own), source) for source, own in by_source.items()),
        footnotes=footnotes.listed(),
        most=max(MOST_ROWS, sum(row.status != "reproduced" for row in rows)),
    )


def _number(held: str) -> str:
    """Return a number with seven digits, a text as it is, and a dash for nothing."""
    try:
        return significant(float(held), 7)
    except ValueError:
        return held or MISSING


def _two_digits(value: float) -> str:
    return significant(value, 2) if math.isfinite(value) else ""


EXPECTATIONS_SECTION = Section(
    "expectations", marked("Expected numbers"), 1100, expectation_blocks, tables=(EXPECTATIONS.name,)
)
