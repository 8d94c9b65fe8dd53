"""The section of expected numbers: expected, obtained, how far apart, grouped by where they are from."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report import table as parts
from harness.report.blocks import Appendix, Paragraph, ReportBlock
from harness.report.sections.section import Section
from harness.tables.claims import EXPECTATIONS, ExpectationRow
from harness.text.numbers import MISSING, count, fixed, significant
from harness.text.plain_text import Footnotes

# Source of numbers that nobody published.
PINNED = marked("pinned from a run")
STATUSES = (marked("reproduced"), marked("differs"), marked("missing"))


def expectation_blocks(run: Run) -> Iterator[ReportBlock]:
    """Yield how many numbers the run reproduces and those that it does not; in the appendix all."""
    rows = run.rows(EXPECTATIONS)
    failed = tuple(row for row in rows if row.status != "reproduced")
    text = gettext(
        "The spec names {n_all} numbers that a run must reproduce; this run reproduces {n_reproduced}."
    ).format(n_all=count(len(rows)), n_reproduced=count(len(rows) - len(failed)))
    if failed:
        yield Paragraph(text)
        yield expectation_table(failed)
        yield Appendix((expectation_table(rows),))
    else:
        yield Appendix((Paragraph(text), expectation_table(rows)))


def expectation_table(rows: tuple[ExpectationRow, ...]) -> parts.ReportTable:
    """Return expected numbers by source, those that the run does not reproduce first."""
    footnotes = Footnotes()
    by_source: dict[str, list[ExpectationRow]] = {}
    for row in sorted(rows, key=lambda row: row.status == "reproduced"):
        by_source.setdefault(row.source if row.origin == "publication" else gettext(PINNED), []).append(row)
    columns: list[parts.RecordColumn[ExpectationRow]] = [
        parts.RecordColumn(
            gettext("Cell"), cell=lambda row: parts.code_cell(f"{row.table}: {row.where}, {row.column}")
        ),
        parts.RecordColumn(gettext("Expected"), cell=_expected),
        parts.RecordColumn(gettext("Obtained"), cell=lambda row: _number(row.obtained)),
        parts.RecordColumn(gettext("Difference"), cell=lambda row: _two_digits(row.difference)),
        parts.RecordColumn(gettext("Tolerance"), cell=lambda row: _two_digits(row.tolerance)),
        parts.RecordColumn(gettext("Status"), "text", cell=lambda row: _status(row, footnotes)),
    ]
    return parts.ReportTable(
        caption=gettext("Expected numbers of the spec next to those of this run"),
        columns=tuple(columns),
        groups=parts.row_groups(
            (source, parts.record_rows(columns, own)) for source, own in by_source.items()
        ),
        footnotes=footnotes.listed(),
    )


def _status(row: ExpectationRow, footnotes: Footnotes) -> parts.TableCell:
    look = "status better" if row.status == "reproduced" else "status worse"
    return parts.TableCell(gettext(row.status), look=look, mark=footnotes.mark(row.reason))


def _expected(row: ExpectationRow) -> str:
    return _number(row.expected) if row.digits is None else fixed(float(row.expected), max(row.digits, 0))


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
