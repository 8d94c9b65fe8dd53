"""Tables as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheets know that a file is UTF-8."""


def csv_text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as CSV by RFC 4180, for spreadsheets; blanks are plain ones."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows([text.replace("\u00a0", " ") for text in row] for row in rows)
    return BYTE_ORDER_MARK + buffer.getvalue()


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under a head as a table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(plain_markdown(cell) for cell in line) + " |" for line in lines)


def plain_markdown(text: str) -> str:
    """Return text on one line without characters that Markdown or HTML would read."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
    return " ".join(escaped.replace("*", "\\*").replace("[", "\\[").split())
