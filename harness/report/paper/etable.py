"""The regression table of a run that a script asks for: as text, LaTeX, Markdown, HTML or a Word file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self, get_args

from harness.errors import ArtifactError
from harness.findings.run import Run
from harness.report.paper.tables import paper_table
from harness.report.render.docx import word_tables
from harness.report.render.html import ShownTable, paper_table_in_html
from harness.report.render.text import latex_table, markdown_of, plain_table
from harness.report.sections.coefficients import TableChoice, regression_table

TableType = Literal["text", "tex", "md", "html", "docx"]


class TableText(str):
    """A table as the text that was asked for; a notebook shows it as a table.

    Attributes
    ----------
    html : the same table
    """

    __slots__ = ("html",)

    html: str

    def __new__(cls, text: str, html: str) -> Self:
        """Return a text that is shown as HTML in a notebook."""
        made = super().__new__(cls, text)
        made.html = html
        return made

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.html


def etable(run: Run, outcome: str, choice: TableChoice, kind: TableType, file: Path | None) -> TableText:
    """Return the regressions of one outcome, and write them to a file where one is named.

    Parameters
    ----------
    kind : of the file and of the text; that of a Word file is plain text

    Raises
    ------
    ArtifactError
        Where there is no such kind, or no file for a Word table.
    """
    if kind not in get_args(TableType):
        what, expected = f"there is no table of the type '{kind}'", ", ".join(get_args(TableType))
        raise ArtifactError.at("etable", what, expected)
    if kind == "docx" and file is None:
        raise ArtifactError.at("etable", "a Word table is a file", hint='say file="table.docx"')
    study, table = run.manifest.study, paper_table(run, regression_table(run, outcome, choice))
    html = paper_table_in_html(ShownTable(table))
    text = html
    if kind == "tex":
        text = latex_table(table, study)
    elif kind == "md":
        text = markdown_of(table)
    elif kind != "html":
        text = plain_table(table)
    if file is not None:
        file.write_bytes(word_tables([table]) if kind == "docx" else text.encode())
    return TableText(text, html)
