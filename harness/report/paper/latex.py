"""A table for a paper in LaTeX, with the three rules of booktabs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.gains.latex import latex_label, latex_needs, latex_row
from harness.report.text.plain_text import latex
from harness.store.study_record import StudyRecord


def latex_table(study: StudyRecord, table: PaperTable) -> str:
    r"""Return a ``table`` environment; it needs ``\usepackage{booktabs}``."""
    return "\n".join(_lines(study, table)) + "\n"


def _lines(study: StudyRecord, table: PaperTable) -> Iterator[str]:
    width = len(table.heads[0])
    yield latex_needs()
    yield r"\begin{table}"
    yield r"\centering"
    yield rf"\caption{{{latex(table.caption)}}}"
    yield rf"\label{{tab:{latex_label(table.name)}-{latex_label(study.id)}}}"
    yield rf"\begin{{tabular}}{{l*{{{width - 1}}}{{c}}}}"
    yield r"\toprule"
    for head in table.heads:
        yield latex_row(latex(head[0]), [latex(text) for text in head[1:]])
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
    label, *cells = table.text_of(row)
    return latex_row(latex(label), [latex(text) for text in cells])
