"""The tables for a paper as files: CSV, LaTeX, Word and HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from harness.findings.run import Run
from harness.language import gettext
from harness.report.blocks import plain_words
from harness.report.contents import PAPER
from harness.report.paper.regressions import regression_tables
from harness.report.paper.tables import (
    descriptive_tables,
    effect_tables,
    gain_tables,
    heterogeneity_tables,
    robustness_tables,
)
from harness.report.render.docx import word_tables
from harness.report.render.html import ShownTable
from harness.report.render.latex import latex_table
from harness.report.render.text import csv_text
from harness.report.sections.section import ReportFile
from harness.report.table import ReportTable
from harness.report.templating import environment, style_sheet
from harness.study.spec.study import ReportFormat


def paper_tables(run: Run) -> tuple[ReportTable, ...]:
    """Return the tables that a run has, in the order of a paper."""
    return tuple(
        chain(
            *(descriptive_tables(run), regression_tables(run), gain_tables(run)),
            *(heterogeneity_tables(run), effect_tables(run), robustness_tables(run)),
        )
    )


def paper_files(run: Run, formats: Sequence[ReportFormat]) -> Iterator[ReportFile]:
    """Yield every table in the formats that are asked for, and as CSV beside them."""
    asked = {"html", "latex", "docx"} & set(formats)
    if not asked:
        return
    for table in paper_tables(run):
        path, caption = f"{PAPER}/{table.name}", plain_words(table.caption)
        yield ReportFile(f"{path}.csv", csv_text(table.texts), caption)
        if "latex" in asked:
            yield ReportFile(f"{path}.tex", latex_table(table, run.manifest.study), caption)
        if "docx" in asked:
            yield ReportFile(f"{path}.docx", word_tables([table]), caption)
        if "html" in asked:
            yield ReportFile(f"{path}.html", _page(run, table), caption)


def _page(run: Run, table: ReportTable) -> str:
    template = environment().get_template("paper.html.j2")
    return template.render(
        study=run.manifest.study, shown=ShownTable(table), note=gettext("Notes:"), style=style_sheet()
    )
