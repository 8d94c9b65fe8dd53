"""A table of the page as texts: its caption, its heads and its rows, whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)
NUMBER = re.compile(r'id="(table-\d+)"')
LEFT_OUT = frozenset({"sup"})
"""Elements whose text is no part of a cell: marks of footnotes."""


@dataclass(frozen=True)
class PageTable:
    """One numbered table.

    Attributes
    ----------
    name : ``table-3``, the anchor on the page
    caption : on one line, with its number
    rows : texts of the cells, as many in every row; a cell over several columns has its text in the first
    n_heads : how many of them are heads
    notes : sentences beneath it; none of a table of the page
    """

    name: str
    caption: str
    rows: tuple[tuple[str, ...], ...]
    n_heads: int
    notes: tuple[str, ...] = ()


@dataclass
class PageCell:
    """One cell: parts of its text, and the columns and rows that it takes."""

    n_columns: int
    n_rows: int
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return its text on one line."""
        return " ".join("".join(self.parts).split())


class CellParser(HTMLParser):
    """Reads the cells of one table, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[PageCell]] = []
        self.n_heads = 0
        self._open: PageCell | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell; a line break or what stands beneath parts words."""
        own = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self._open = PageCell(int(own.get("colspan") or 1), int(own.get("rowspan") or 1))
            self.rows[-1].append(self._open)
        elif self._open is not None:
            self._hidden += tag in LEFT_OUT
            self._open.parts.append(" " if tag == "br" or "beneath" in (own.get("class") or "") else "")

    def handle_endtag(self, tag: str) -> None:
        """End a cell, the heads, or what is left out."""
        if tag in {"td", "th"}:
            self._open = None
        elif tag == "thead":
            self.n_heads = len(self.rows)
        elif self._open is not None:
            self._hidden -= tag in LEFT_OUT

    def handle_data(self, data: str) -> None:
        """Take in the text of a cell."""
        if self._open is not None and not self._hidden:
            self._open.parts.append(data)


def page_table(table: str) -> PageTable | None:
    """Return the table of a ``table`` element; None for one without a number and a caption."""
    name, caption = NUMBER.search(table), CAPTION.search(table)
    if name is None or caption is None:
        return None
    reader = CellParser()
    reader.feed(table)
    return PageTable(name[1], _plain(caption[1]), _filled(reader.rows), reader.n_heads)


def page_tables(section: str) -> tuple[PageTable, ...]:
    """Return the numbered tables of a section, in their order."""
    found = (page_table(one) for one in TABLE.findall(section))
    return tuple(table for table in found if table is not None)


class Text(HTMLParser):
    """Reads the text of an element."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        """Take in a part of it."""
        self.parts.append(data)


def _plain(markup: str) -> str:
    reader = Text()
    reader.feed(markup)
    return " ".join("".join(reader.parts).split())


def _filled(rows: list[list[PageCell]]) -> tuple[tuple[str, ...], ...]:
    """Return the texts of all cells, as many in every row."""
    filled: list[list[str]] = []
    taken: set[tuple[int, int]] = set()
    for at, row in enumerate(rows):
        texts: list[str] = []
        for cell in row:
            while (at, len(texts)) in taken:
                texts.append("")
            below = range(1, cell.n_rows)
            taken |= {(at + down, len(texts) + right) for down in below for right in range(cell.n_columns)}
            texts += [cell.text, *[""] * (cell.n_columns - 1)]
        filled.append(texts)
    width = max(map(len, filled), default=0)
    return tuple((*row, *[""] * (width - len(row))) for row in filled)
