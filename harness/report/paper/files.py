"""The tables for a paper as files: CSV, LaTeX, Word and HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from harness.language import gettext
from harness.report.contents import PAPER
from harness.report.model.run import Run
from harness.report.page_table import PageTable
from harness.report.paper.descriptive import descriptive_tables
from harness.report.paper.effects import effect_tables
from harness.report.paper.gains import gain_tables
from harness.report.paper.heterogeneity import heterogeneity_tables
from harness.report.paper.latex import latex_table
from harness.report.paper.regressions import regression_tables
from harness.report.paper.robustness import robustness_tables
from harness.report.paper.table import PaperTable
from harness.report.sections.section import ReportFile
from harness.report.table_links import csv_of
from harness.report.templating import environment, style_sheet
from harness.report.three_line_tables import three_line_tables
from harness.study.spec.study import ReportFormat

BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheets know that a file is UTF-8."""


def paper_tables(run: Run) -> tuple[PaperTable, ...]:
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
        path = f"{PAPER}/{table.name}"
        yield ReportFile(f"{path}.csv", BYTE_ORDER_MARK + csv_of(table.texts), table.caption)
        if "latex" in asked:
            yield ReportFile(f"{path}.tex", latex_table(run.manifest.study, table), table.caption)
        if "docx" in asked:
            whole = PageTable(table.name, table.caption, table.texts, len(table.heads), table.notes)
            yield ReportFile(f"{path}.docx", three_line_tables([whole]), table.caption)
        if "html" in asked:
            yield ReportFile(f"{path}.html", _page(run, table), table.caption)


def _page(run: Run, table: PaperTable) -> str:
    template = environment().get_template("paper.html.j2")
    note = gettext("Notes:")
    return template.render(study=run.manifest.study, table=table, note=note, style=style_sheet())
