"""Every table of the page as CSV and as LaTeX, by links that carry it; a long one shows its first rows."""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import chain

from markupsafe import Markup

from harness.report.text.plain_text import latex

MOST_ROWS = 8
"""Rows that a table shows which does not say how many; the files have all."""

TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
ROW = re.compile(r"\s*<tr\b.*?</tr>", re.DOTALL)
EMPTY_BODY = re.compile(r"\s*<tbody\b[^>]*>\s*</tbody>")
NUMBER = re.compile(r'id="(table-\d+)"')
SHOWN = re.compile(r'<table\b[^>]*\bdata-(shown|each)="(\d+)"')
MORE = re.compile(r'<(td|th)\b[^>]*\bclass="more".*?</\1>', re.DOTALL)
CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)
LEFT_OUT = frozenset({"sup", "a"})
"""Elements whose text is no part of a cell: marks of footnotes, links."""


@dataclass
class Cell:
    """One cell: the lines of its text, the columns that it takes, the rows, and whether it is a head."""

    n_columns: int
    n_rows: int
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return its text on one line."""
        return " ".join("".join(self.parts).split())


class Cells(HTMLParser):
    """Reads the cells of one table, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[Cell]] = []
        self.n_heads = 0
        self._open: Cell | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell; a line break or what stands beneath parts words."""
        own = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self._open = Cell(int(own.get("colspan") or 1), int(own.get("rowspan") or 1))
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


def with_links(section: str) -> str:
    """Return the HTML of a section with links to every numbered table, and no more than its first rows.

    Parameters
    ----------
    section : well-formed; a table lies within no other. Its attribute ``data-shown`` is how many rows are
        shown, ``data-each`` how many of each group; with none it is a line with its caption and links. Cells
        of the class ``more`` are in the files alone.
    """
    return TABLE.sub(lambda found: _offered(found[0]), section)


def _offered(table: str) -> str:
    name, caption = NUMBER.search(table), CAPTION.search(table)
    if name is None or caption is None:
        return table
    rows, n_heads = _rows(table)
    asked = SHOWN.match(table)
    most = int(asked[2]) if asked else MOST_ROWS
    shown = _cut(table, most, is_each=asked is not None and asked[1] == "each")
    n_left_out = table.count("<tr") - shown.count("<tr")
    what = f"CSV, {len(rows) - n_heads} rows" if n_left_out else "CSV"
    links = Markup(' <span class="tools">{} {}</span>').format(
        _link(f"{name[1]}.csv", "text/csv", "\ufeff" + csv_of(rows), what),
        _link(f"{name[1]}.tex", "text/x-tex", latex_of(rows, n_heads), "LaTeX"),
    )
    if most:
        return shown.replace("</caption>", f"{links}</caption>", 1)
    return f'<p class="file">{caption[1]}{links}</p>'


def _link(name: str, kind: str, content: str, label: str) -> Markup:
    address = f"data:{kind};charset=utf-8;base64,{base64.b64encode(content.encode()).decode('ascii')}"
    return Markup('<a href="{}" download="{}">{}</a>').format(address, name, label)


def _rows(table: str) -> tuple[list[list[str]], int]:
    """Return the texts of all cells, as many in every row, and how many rows are heads."""
    reader = Cells()
    reader.feed(table)
    filled: list[list[str]] = []
    taken: dict[tuple[int, int], str] = {}
    for at, row in enumerate(reader.rows):
        texts: list[str] = []
        for cell in row:
            while (at, len(texts)) in taken:
                texts.append(taken[at, len(texts)])
            for below in range(1, cell.n_rows):
                taken |= {(at + below, len(texts) + right): "" for right in range(cell.n_columns)}
            texts += [cell.text, *[""] * (cell.n_columns - 1)]
        filled.append(texts)
    width = max(map(len, filled), default=0)
    return [[*row, *[""] * (width - len(row))] for row in filled], reader.n_heads


def csv_of(rows: list[list[str]]) -> str:
    """Return rows as CSV by RFC 4180."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def latex_of(rows: list[list[str]], n_heads: int) -> str:
    """Return rows as a table of LaTeX with the three rules of booktabs."""
    lines = [f"{' & '.join(map(latex, row))} \\\\" for row in rows]
    columns = f"l{'r' * (len(rows[0]) - 1)}" if rows else "l"
    return "\n".join(
        chain(
            (f"\\begin{{tabular}}{{{columns}}}", "\\toprule", *lines[:n_heads], "\\midrule"),
            (*lines[n_heads:], "\\bottomrule", "\\end{tabular}", ""),
        )
    )


def _cut(table: str, most: int, *, is_each: bool) -> str:
    """Return a table without the cells for the files alone, and without the rows beyond the first."""
    head, mark, rest = MORE.sub("", table).partition("</thead>")
    if not mark:
        return table
    body, foot, last = rest.partition("<tfoot")
    n_shown = 0

    def kept(found: re.Match[str]) -> str:
        nonlocal n_shown
        is_head = 'scope="rowgroup"' in found[0]
        if is_head and is_each:
            n_shown = 0
        is_shown = n_shown < most
        n_shown += not is_head
        return found[0] if is_shown else ""

    return head + mark + EMPTY_BODY.sub("", ROW.sub(kept, body)) + foot + last
