"""A table for a paper in LaTeX, with the three rules of booktabs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.language import closed_up, gettext
from harness.record.study import StudyRecord
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.text.plain_text import latex


def latex_table(study: StudyRecord, table: PaperTable) -> str:
    r"""Return a ``table`` environment; it needs ``\usepackage{booktabs}``."""
    return closed_up("\n".join(_lines(study, table)) + "\n")


def _lines(study: StudyRecord, table: PaperTable) -> Iterator[str]:
    width = len(table.heads[0])
    yield _needs()
    yield r"\begin{table}"
    yield r"\centering"
    yield rf"\caption{{{latex(table.caption)}}}"
    yield rf"\label{{tab:{_key(table.name)}-{_key(study.id)}}}"
    yield rf"\begin{{tabular}}{{l*{{{width - 1}}}{{c}}}}"
    yield r"\toprule"
    for head in table.heads:
        yield _cells(head)
    yield r"\midrule"
    for row in table.rows:
        yield _row(table, row)
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield ""
    yield r"\par\smallskip\footnotesize"
    yield " ".join(latex(note) for note in table.notes)
    yield r"\end{table}"


def _row(table: PaperTable, row: PaperRow) -> str:
    if not row.cells:
        return rf"\multicolumn{{{len(table.heads[0])}}}{{l}}{{\textit{{{latex(row.label)}}}}} \\"
    return _cells(table.text_of(row))


def _cells(texts: Sequence[str]) -> str:
    return " & ".join(map(latex, texts)) + r" \\"


def _needs() -> str:
    """Return the comment that says what a table needs."""
    words = gettext("Needs {package}; names in Chinese need XeLaTeX and a font that has them.")
    return "% " + words.format(package=r"\usepackage{booktabs}")


def _key(name: str) -> str:
    """Return a name for a reference: everything but letters and digits of ASCII becomes a hyphen."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
