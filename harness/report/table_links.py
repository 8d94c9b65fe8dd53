"""Every table of the page as CSV and as LaTeX, by links that carry it; a long one shows its first rows."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Sequence
from itertools import chain

from markupsafe import Markup

from harness.language import ngettext
from harness.report.page_table import CAPTION, TABLE, page_table
from harness.report.text.plain_text import latex

MOST_ROWS = 8
"""Rows that a table shows which does not say how many; the files have all."""

ROW = re.compile(r"\s*<tr\b.*?</tr>", re.DOTALL)
EMPTY_ROW = re.compile(r"\s*<tr\b[^>]*>\s*</tr>")
EMPTY_BODY = re.compile(r"\s*<tbody\b[^>]*>\s*</tbody>")
SHOWN = re.compile(r'<table\b[^>]*\bdata-(shown|each)="(\d+)"')
MORE = re.compile(r'<(td|th)\b[^>]*\bclass="more".*?</\1>', re.DOTALL)


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
    whole, caption = page_table(table), CAPTION.search(table)
    if whole is None or caption is None:
        return table
    rows, n_heads = whole.rows, whole.n_heads
    asked = SHOWN.match(table)
    most = int(asked[2]) if asked else MOST_ROWS
    shown = _cut(table, most, is_each=asked is not None and asked[1] == "each")
    n_left_out = table.count("<tr") - shown.count("<tr")
    n_rows = len(rows) - n_heads
    counted = ngettext("CSV, {n_rows} row", "CSV, {n_rows} rows", n_rows).format(n_rows=n_rows)
    what = counted if n_left_out else "CSV"
    links = Markup(' <span class="tools">{} {}</span>').format(
        _link(f"{whole.name}.csv", "text/csv", "\ufeff" + csv_of(rows), what),
        _link(f"{whole.name}.tex", "text/x-tex", latex_of(rows, n_heads), "LaTeX"),
    )
    if most:
        return shown.replace("</caption>", f"{links}</caption>", 1)
    return f'<p class="file">{caption[1]}{links}</p>'


def _link(name: str, kind: str, content: str, label: str) -> Markup:
    address = f"data:{kind};charset=utf-8;base64,{base64.b64encode(content.encode()).decode('ascii')}"
    return Markup('<a href="{}" download="{}">{}</a>').format(address, name, label)


def csv_of(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as CSV by RFC 4180."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def latex_of(rows: Sequence[Sequence[str]], n_heads: int) -> str:
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
    head, mark, rest = EMPTY_ROW.sub("", MORE.sub("", table)).partition("</thead>")
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
