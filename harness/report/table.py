"""A table of the report as a value; `harness.report.render` writes it for each program that reads tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeAlias, TypeVar

from harness.language import spaced
from harness.report.blocks import Phrase, ReportBlock, Words, plain_words
from harness.text.numbers import EstimateText
from harness.text.plain_text import Footnotes, printable

# Rows that a page shows of a long table before it is asked for all; print and files have all at once.
MOST_ROWS = 10
# A table of so many rows is no long one.
MOST_WHOLE = 12

Align = Literal["num", "text", "plain"]


@dataclass(frozen=True)
class TableCell:
    """One cell.

    Attributes
    ----------
    beneath : lines beneath its words, such as an interval
    look : classes of the style sheet next to that of its column, such as ``better`` or ``lowest``
    mark : of a footnote of the table
    symbol : before its words, saying the same as its colour
    says : what the symbol means, for those who do not see it
    hint : shown on hover
    n_columns : number of columns that it spans
    """

    words: Words = ""
    beneath: tuple[str, ...] = ()
    look: str = ""
    mark: str = ""
    symbol: str = ""
    says: str = ""
    hint: str = ""
    n_columns: int = 1

    @property
    def text(self) -> str:
        """The cell on one line, without the mark of its footnote."""
        shown = f"{self.symbol}{plain_words(self.words)}"
        return spaced(printable(" ".join(filter(None, (shown, *self.beneath)))))


# A cell, or the text of one.
Given: TypeAlias = str | TableCell


@dataclass(frozen=True)
class TableColumn:
    """One column.

    Attributes
    ----------
    head : above its cells
    is_for_files : whether the page leaves it out, and the files alone have it
    """

    head: Words = ""
    align: Align = "num"
    mark: str = ""
    is_for_files: bool = False


Record = TypeVar("Record")


@dataclass(frozen=True)
class RecordColumn(TableColumn, Generic[Record]):
    """A column that knows its cell of a record, such as a row of a result table."""

    cell: Callable[[Record], Given] = field(kw_only=True)


@dataclass(frozen=True)
class TableRow:
    """One row: the cell that heads it, then the others; those left out at its end are empty.

    Attributes
    ----------
    is_for_files : whether the page leaves it out, and the files alone have it
    """

    cells: tuple[Given, ...]
    look: str = ""
    is_for_files: bool = False


@dataclass(frozen=True)
class RowGroup:
    """Rows under a heading, which is empty where they need none.

    Attributes
    ----------
    end : cells at the right of the heading, at the end of its row
    """

    rows: tuple[TableRow, ...]
    heading: str = ""
    end: tuple[Given, ...] = ()


@dataclass(frozen=True)
class ReportTable(ReportBlock):
    """A table.

    Attributes
    ----------
    columns : the first heads the rows
    over : a row of heads above those of the columns, whose cells may span several
    foot : rows at the end, which the page always shows
    footnotes : marks, each with its reason
    notes : sentences beneath it
    is_whole : whether a page shows all rows at once however many there are, as of a regression
    name : of its files, without their endings; the page numbers its tables itself
    """

    caption: Words
    columns: tuple[TableColumn, ...]
    groups: tuple[RowGroup, ...]
    over: tuple[TableCell, ...] = ()
    foot: tuple[TableRow, ...] = ()
    footnotes: tuple[tuple[str, str], ...] = ()
    notes: tuple[Words, ...] = ()
    is_whole: bool = False
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        rows = [row for group in self.groups for row in group.rows]
        if any(len(row.cells) > self.width for row in (*rows, *self.foot)):
            raise ValueError(f"a row has more cells than the {self.width} columns of the table")

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.columns)

    @property
    def heads(self) -> tuple[tuple[str, ...], ...]:
        """Rows of heads, each as wide as the table."""
        own = tuple(TableCell(column.head).text for column in self.columns)
        return (self._texts(self.over), own) if self.over else (own,)

    @property
    def body_rows(self) -> tuple[tuple[tuple[str, ...], bool], ...]:
        """All other rows, each as wide as the table, and whether it is a heading, in the first column."""
        rows: list[tuple[tuple[str, ...], bool]] = []
        for group in self.groups:
            if group.heading:
                rows.append((self._heading(group), not group.end))
            rows += [(self._texts(row.cells), False) for row in group.rows]
        return (*rows, *((self._texts(row.cells), False) for row in self.foot))

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Heads and all other rows."""
        return (*self.heads, *(row for row, _ in self.body_rows))

    def _heading(self, group: RowGroup) -> tuple[str, ...]:
        between = [""] * (self.width - 1 - len(group.end))
        return self._texts((group.heading, *between, *group.end))

    def _texts(self, cells: Sequence[Given]) -> tuple[str, ...]:
        """Return a row as wide as the table; a cell over several columns has its text in the first."""
        texts: list[str] = []
        for cell in map(cell_of, cells):
            texts += [cell.text, *[""] * (cell.n_columns - 1)]
        return (*texts, *[""] * (self.width - len(texts)))


def cell_of(given: Given) -> TableCell:
    """Return a cell that may be given as its text alone."""
    return given if isinstance(given, TableCell) else TableCell(given)


def code_cell(text: str) -> TableCell:
    """Return a cell that holds a name as code."""
    return TableCell(Phrase(text, "code"))


def rows_of(rows: Iterable[Sequence[Given] | TableRow]) -> tuple[TableRow, ...]:
    """Return rows, also those that are given as their cells."""
    return tuple(row if isinstance(row, TableRow) else TableRow(tuple(row)) for row in rows)


def row_groups(headed: Iterable[tuple[str, Iterable[Sequence[Given] | TableRow]]]) -> tuple[RowGroup, ...]:
    """Return a group for each heading that has any row."""
    groups = (RowGroup(rows_of(rows), heading) for heading, rows in headed)
    return tuple(group for group in groups if group.rows)


def record_rows(columns: Sequence[RecordColumn[Record]], records: Iterable[Record]) -> tuple[TableRow, ...]:
    """Return a row for each record."""
    return tuple(TableRow(tuple(column.cell(record) for column in columns)) for record in records)


def columns_of(*heads: str | TableColumn) -> tuple[TableColumn, ...]:
    """Return columns, those of numbers given as their heads alone."""
    return tuple(TableColumn(head) if isinstance(head, str) else head for head in heads)


def record_table(
    caption: Words,
    columns: Sequence[RecordColumn[Record]],
    records: Iterable[Record],
    *,
    is_whole: bool = False,
    footnotes: Footnotes | None = None,
    notes: tuple[Words, ...] = (),
) -> ReportTable:
    """Return a table with a row for each record.

    Parameters
    ----------
    footnotes : that cells take their marks from
    """
    groups = (RowGroup(record_rows(columns, records)),)
    marked = footnotes.listed() if footnotes is not None else ()
    return ReportTable(caption, tuple(columns), groups, footnotes=marked, notes=notes, is_whole=is_whole)


def plain_rows(rows: Iterable[Sequence[Given]]) -> tuple[RowGroup, ...]:
    """Return rows that are given as their cells as the only group of a table."""
    return (RowGroup(rows_of(rows)),)


def estimate_cell(number: EstimateText, *, mark: str = "", look: str = "") -> TableCell:
    """Return a number with its interval beneath, bold where that excludes zero."""
    beneath = (number.interval,) if number.interval else ()
    return TableCell(number.value, beneath, look or ("lowest" if number.excludes_zero else ""), mark)
