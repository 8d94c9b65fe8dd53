"""What a section of the report shows: blocks one after the other, tables among them, words with emphasis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from harness.language import spaced
from harness.tables.table import ResultRow
from harness.text.numbers import EstimateText
from harness.text.plain_text import footnote_marks, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# As Markdown has them: code, emphasis and links; ``.look`` also replaces where a link leads.
MARKS = re.compile(r"`(?P<code>[^`]+)`|\*\*(?P<strong>.+?)\*\*|\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Phrase:
    """Words that stand out.

    Attributes
    ----------
    element : of HTML
    look : class of the style sheet
    href : where a link leads
    """

    text: str
    element: Literal["span", "strong", "em", "code", "a"] = "span"
    look: str = ""
    href: str = ""


# A text, or its parts; a line break within a text is one on the page.
Words = str | Phrase | tuple[str | Phrase, ...]


def parts_of(words: Words) -> tuple[str | Phrase, ...]:
    """Return the parts of words, one where they are a text alone."""
    return words if isinstance(words, tuple) else (words,)


def plain_words(words: Words) -> str:
    """Return words as one line of text."""
    text = "".join(part if isinstance(part, str) else part.text for part in parts_of(words))
    return " ".join(text.split(" ")).replace("\n", " ")


def rich(message: str, values: Mapping[str, str] | None = None) -> Words:
    """Return a message in words: ```code```, ``**emphasis**`` and ``[link](#anchor)`` in it stand out.

    Parameters
    ----------
    message : in the language in use
    values : for its named places; marks in these are plain characters
    """
    known = values or {}
    parts: list[str | Phrase] = []
    end = 0
    for found in MARKS.finditer(message):
        parts += [message[end : found.start()].format_map(known), _span(found, known)]
        end = found.end()
    parts.append(message[end:].format_map(known))
    return tuple(part for part in parts if part)


def _span(found: re.Match[str], values: Mapping[str, str]) -> Phrase:
    if found["code"]:
        return Phrase(found["code"].format_map(values), "code")
    if found["strong"]:
        return Phrase(found["strong"].format_map(values), "strong")
    text, target = found["text"].format_map(values), found["target"]
    return Phrase(text, look=target[1:]) if target.startswith(".") else Phrase(text, "a", href=target)


class ReportBlock:
    """Anything that a section shows."""

    @property
    def kind(self) -> str:
        """Name of its class, by which the template of the page chooses how to write it."""
        return type(self).__name__


@dataclass(frozen=True)
class Paragraph(ReportBlock):
    """A paragraph; `look` is a class of the style sheet, such as ``note`` or ``soft``."""

    words: Words
    look: str = ""


@dataclass(frozen=True)
class SmallPrint(ReportBlock):
    """A note beneath a table or figure."""

    words: Words


@dataclass(frozen=True)
class Heading(ReportBlock):
    """A heading within a section; `rank` is that of HTML."""

    text: str
    anchor: str = ""
    rank: Literal[3, 4] = 3


@dataclass(frozen=True)
class Bullets(ReportBlock):
    """A list of points."""

    points: tuple[Words, ...]


@dataclass(frozen=True)
class Definitions(ReportBlock):
    """Terms, each with what is said of it."""

    pairs: tuple[tuple[Words, Words], ...]


@dataclass(frozen=True, eq=False)
class Tabs(ReportBlock):
    """Blocks of which one tab at a time is shown; the blocks alone where there is only one tab."""

    tabs: tuple[tuple[str, tuple[ReportBlock, ...]], ...]


@dataclass(frozen=True, eq=False)
class Appendix(ReportBlock):
    """Blocks that stand on a page of their own, ``appendix.html``, under the heading of their section.

    The section links to them; a section without other blocks is on that page alone.
    """

    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True)
class PagePart(ReportBlock):
    """What the page itself knows: the warnings of the run, or the table of the files of its folder."""

    part: Literal["warnings", "contents"]


# Kinds of files that a figure has on request, next to the SVG.
Picture = Literal["png", "pdf"]


@dataclass(frozen=True)
class Prints:
    """The files of a figure.

    Attributes
    ----------
    svg : the drawing, on one line
    is_narrow : whether it fits one column of a journal
    pictures : other files of the same, by kind
    stacked : for narrow screens, the panels one beneath the other; empty where none are side by side
    """

    svg: str
    is_narrow: bool
    pictures: Mapping[Picture, bytes] = field(default_factory=dict)
    stacked: str = ""


@dataclass(eq=False)
class ReportFigure(ReportBlock):
    """A figure.

    Attributes
    ----------
    name : of its files, without their endings
    content : the figure itself until it is printed; then its files
    alt : what it shows, for those who cannot see it
    caption : the sentences beneath it
    """

    name: str
    content: Figure | Prints
    alt: str
    caption: str

    @property
    def prints(self) -> Prints:
        """Its files.

        Raises
        ------
        TypeError
            Where it was not printed.
        """
        if not isinstance(self.content, Prints):
            raise TypeError(f"figure {self.name} was not printed")
        return self.content


def tabs_of(tabs: Iterable[tuple[str, Iterable[ReportBlock]]]) -> Tabs:
    """Return tabs, each with its label and its blocks."""
    return Tabs(tuple((label, tuple(blocks)) for label, blocks in tabs))


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
    reason : for a footnote of the table, which has one for all cells with the same
    symbol : before its words, saying the same as its colour
    says : what the symbol means, for those who do not see it
    hint : shown on hover
    n_columns : number of columns that it spans
    """

    words: Words = ""
    beneath: tuple[str, ...] = ()
    look: str = ""
    reason: str = ""
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


def text_column(head: Words) -> TableColumn:
    """Return a column of words."""
    return TableColumn(head, "text")


def file_column(head: Words) -> TableColumn:
    """Return a column that the files alone have."""
    return TableColumn(head, is_for_files=True)


@dataclass(frozen=True)
class TableRow:
    """One row: the cell that heads it, then the others; those left out at its end are empty."""

    cells: tuple[Given, ...]


# Such as a row of a result table.
Record = TypeVar("Record")
# A column, one of numbers as its head alone, and its cell of a record.
Column: TypeAlias = tuple[str | TableColumn, Callable[[Record], Given]]
# A heading, the records beneath it, also rows as they are, and cells at the right of the heading.
Group: TypeAlias = tuple[str, Iterable[Record | TableRow], *tuple[Given, ...]]


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
    notes : sentences beneath it
    is_whole : whether a page shows all rows at once however many there are, as of a regression
    name : of its files, without their endings; the page numbers its tables itself
    """

    caption: Words
    columns: tuple[TableColumn, ...]
    groups: tuple[RowGroup, ...]
    over: tuple[TableCell, ...] = ()
    foot: tuple[TableRow, ...] = ()
    notes: tuple[Words, ...] = ()
    is_whole: bool = False
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if any(len(row.cells) > self.width for row in self.rows):
            raise ValueError(f"a row has more cells than the {self.width} columns of the table")

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.columns)

    @property
    def rows(self) -> tuple[TableRow, ...]:
        """The rows of all groups, and those at the end."""
        return (*(row for group in self.groups for row in group.rows), *self.foot)

    @cached_property
    def marks(self) -> Mapping[str, str]:
        """Reasons of its cells, each once, with the marks of their footnotes."""
        return footnote_marks(cell_of(cell).reason for row in self.rows for cell in row.cells)

    @cached_property
    def heads(self) -> tuple[tuple[str, ...], ...]:
        """Rows of heads, each as wide as the table."""
        own = tuple(TableCell(column.head).text for column in self.columns)
        return (self._texts(self.over), own) if self.over else (own,)

    @cached_property
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


def columns_of(*heads: str | TableColumn) -> tuple[TableColumn, ...]:
    """Return columns, those of numbers given as their heads alone."""
    return tuple(TableColumn(head) if isinstance(head, str) else head for head in heads)


def record_table(
    caption: Words,
    groups: Iterable[Group[Record]],
    *columns: Column[Record],
    over: tuple[TableCell, ...] = (),
    foot: tuple[TableRow, ...] = (),
    notes: tuple[Words, ...] = (),
    is_whole: bool = False,
    name: str = "",
) -> ReportTable:
    """Return a table with a row for each record, by its columns, without empty groups.

    Parameters
    ----------
    over, foot, notes, is_whole, name : as `ReportTable` has them
    """

    def row(record: Record | TableRow) -> TableRow:
        if isinstance(record, TableRow):
            return record
        return TableRow(tuple(cell(record) for _, cell in columns))

    made = (RowGroup(tuple(map(row, records)), heading, tuple(end)) for heading, records, *end in groups)
    return ReportTable(
        caption,
        columns_of(*(head for head, _ in columns)),
        tuple(group for group in made if group.rows),
        *(over, foot, notes, is_whole),
        name=name,
    )


def plain_rows(rows: Iterable[Sequence[Given]]) -> tuple[RowGroup, ...]:
    """Return rows that are given as their cells as the only group of a table."""
    return (RowGroup(rows_of(rows)),)


def estimate_cell(number: EstimateText, *, reason: str = "") -> TableCell:
    """Return a number with its interval beneath, bold where it was decided to be above or below zero."""
    beneath = (number.interval,) if number.interval else ()
    return TableCell(number.value, beneath, "lowest" if number.is_significant else "", reason)


def reason_cell(words: Words, row: ResultRow) -> TableCell:
    """Return words with the reason why a row has no numbers, where it has none."""
    return TableCell(words, reason="" if row.is_done else row.reason)
