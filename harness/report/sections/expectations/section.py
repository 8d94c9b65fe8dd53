"""The section of expected numbers: expected, obtained, how far apart, grouped by where they are from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.language import marked
from harness.report.model.run import Run
from harness.report.sections.section import PackagedSection, SectionContent
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import MISSING, fixed, significant
from harness.tables.claims import EXPECTATIONS, ExpectationRow

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer

PINNED = marked("pinned from a run")
"""Source of numbers that nobody published."""


@dataclass(frozen=True)
class ExpectationTableRow:
    """One expected number in words; `mark` is of the footnote that says why it is not reproduced."""

    cell: str
    expected: str
    obtained: str
    difference: str
    tolerance: str
    status: str
    mark: str


@dataclass(frozen=True)
class ExpectationGroup:
    """The expected numbers from one source."""

    source: str
    rows: tuple[ExpectationTableRow, ...]


@dataclass(frozen=True)
class ExpectationTable:
    """All expected numbers.

    Attributes
    ----------
    n_reproduced, n_all : how many the run reproduces, and how many there are
    """

    n_reproduced: int
    n_all: int
    groups: tuple[ExpectationGroup, ...]
    footnotes: tuple[tuple[str, str], ...]


class ExpectationsSection(PackagedSection):
    """Numbers that the spec expects beside those of the run."""

    name: ClassVar[str] = "expectations"
    title: ClassVar[str] = marked("Expected numbers")
    place: ClassVar[int] = 1100

    def is_present(self, run: Run, /) -> bool:
        """Return whether the spec names numbers that a run must reproduce."""
        return bool(run.rows(EXPECTATIONS))

    def content(self, run: Run, _renderer: FigureRenderer, /) -> SectionContent:
        """Return the table of expected numbers."""
        return SectionContent(expectation_table(run.rows(EXPECTATIONS)))


def expectation_table(rows: tuple[ExpectationRow, ...]) -> ExpectationTable:
    """Return the expected numbers by source, those that the run does not reproduce first."""
    footnotes = Footnotes()
    rows = tuple(sorted(rows, key=lambda row: row.status == "reproduced"))
    sources = dict.fromkeys(_source(row) for row in rows)
    return ExpectationTable(
        n_reproduced=sum(row.status == "reproduced" for row in rows),
        n_all=len(rows),
        groups=tuple(
            ExpectationGroup(source, tuple(_row(row, footnotes) for row in rows if _source(row) == source))
            for source in sources
        ),
        footnotes=footnotes.listed(),
    )


def _source(row: ExpectationRow) -> str:
    return row.source if row.origin == "publication" else PINNED


def _row(row: ExpectationRow, footnotes: Footnotes) -> ExpectationTableRow:
    return ExpectationTableRow(
        cell=f"{row.table}: {row.where}, {row.column}",
        expected=_shown(row.expected)
        if row.digits is None
        else fixed(float(row.expected), max(row.digits, 0)),
        obtained=_shown(row.obtained),
        difference=significant(row.difference, 2) if math.isfinite(row.difference) else "",
        tolerance=significant(row.tolerance, 2) if math.isfinite(row.tolerance) else "",
        status=row.status,
        mark=footnotes.mark(row.reason),
    )


def _shown(held: str) -> str:
    """Return a number with seven digits, a text as it is, and a dash for nothing."""
    try:
        return significant(float(held), 7)
    except ValueError:
        return held or MISSING
