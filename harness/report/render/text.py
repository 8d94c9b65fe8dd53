r"""Tables as text: CSV, Markdown, and LaTeX with the three rules of booktabs.

maketables and great_tables write LaTeX from a data frame, with one row of heads and no headings among rows,
and let characters that LaTeX reads as commands through; so this is written here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from harness.language import gettext, spaced
from harness.record.study import StudyRecord
from harness.report.blocks import plain_words
from harness.report.table import ReportTable
from harness.text.plain_text import latex

# By which spreadsheets know that a file is UTF-8.
BYTE_ORDER_MARK = "\ufeff"


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


def latex_tabular(table: ReportTable) -> str:
    """Return a ``tabular`` environment."""
    return spaced("\n".join(_tabular(table, f"l{'r' * (table.width - 1)}")) + "\n")


def latex_table(table: ReportTable, study: StudyRecord) -> str:
    r"""Return a ``table`` environment with caption, label and notes; it needs ``\usepackage{booktabs}``."""
    return spaced("\n".join(_table(table, study)) + "\n")


def _table(table: ReportTable, study: StudyRecord) -> Iterator[str]:
    needs = gettext("Needs {package}; names in Chinese need XeLaTeX and a font that has them.")
    yield "% " + needs.format(package=r"\usepackage{booktabs}")
    yield r"\begin{table}"
    yield r"\centering"
    yield rf"\caption{{{latex(plain_words(table.caption))}}}"
    yield rf"\label{{tab:{_key(table.name)}-{_key(study.id)}}}"
    yield from _tabular(table, f"l*{{{table.width - 1}}}{{c}}")
    yield ""
    yield r"\par\smallskip\footnotesize"
    yield " ".join(latex(plain_words(note)) for note in table.notes)
    yield r"\end{table}"


def _tabular(table: ReportTable, columns: str) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{{columns}}}"
    yield r"\toprule"
    yield from map(_cells, table.heads)
    yield r"\midrule"
    for texts, is_heading in table.body_rows:
        yield _heading(texts[0], table.width) if is_heading else _cells(texts)
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _heading(text: str, width: int) -> str:
    return rf"\multicolumn{{{width}}}{{l}}{{\textit{{{latex(text)}}}}} \\"


def _cells(texts: Sequence[str]) -> str:
    return " & ".join(map(latex, texts)) + r" \\"


def _key(name: str) -> str:
    """Return a name for a reference: everything but letters and digits of ASCII becomes a hyphen."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
