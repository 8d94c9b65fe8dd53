r"""Tables in LaTeX, with the three rules of booktabs.

maketables and great_tables write LaTeX from a data frame, with one row of heads and no headings among rows,
and let characters that LaTeX reads as commands through; so this is written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.language import closed_up, gettext
from harness.record.study import StudyRecord
from harness.report.blocks import plain_words
from harness.report.table import ReportTable
from harness.text.plain_text import latex


def latex_tabular(table: ReportTable) -> str:
    """Return a ``tabular`` environment."""
    return closed_up("\n".join(_tabular(table, f"l{'r' * (table.width - 1)}")) + "\n")


def latex_table(table: ReportTable, study: StudyRecord) -> str:
    r"""Return a ``table`` environment with caption, label and notes; it needs ``\usepackage{booktabs}``."""
    return closed_up("\n".join(_table(table, study)) + "\n")


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
