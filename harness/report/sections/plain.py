"""A section for a table of a plugin's scenario that no other section has among its `tables`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from harness.findings.run import Run
from harness.language import gettext
from harness.record.study import StudyRecord
from harness.report.blocks import ReportBlock
from harness.report.sections.section import Section
from harness.report.table import ReportTable, TableColumn, plain_rows
from harness.tables.table import ResultTable
from harness.text.numbers import significant

# Columns that place a row, and are left out where they say the same in all rows.
PLACE = ("outcome", "scenario", "status", "reason")

# Where the sections stand: after those on what estimators say of the effect.
AFTER_ANSWERS = 850


def plain_section(table: ResultTable) -> Section:
    """Return the section of a table."""
    title, content = table.name.replace("_", " ").capitalize(), partial(_blocks, table=table)
    return Section(f"table_{table.name}", title, AFTER_ANSWERS, content, tables=(table.name,))


def _blocks(run: Run, *, table: ResultTable) -> Iterator[ReportBlock]:
    """Yield all rows of a table, names by their labels."""
    frame = run.frame(table.name)
    kept = [name for name in table.columns if name in frame]
    kept = [name for name in kept if name not in PLACE or frame[name].nunique(dropna=False) > 1]
    numbers = frame[kept].select_dtypes("number").columns
    words = gettext(table.description)
    yield ReportTable(
        caption=f"{words[:1].upper()}{words[1:]}",
        columns=tuple(
            TableColumn(name.replace("_", " ").capitalize(), "num" if name in numbers else "text")
            for name in kept
        ),
        groups=plain_rows(
            [_text(run.manifest.study, name, cell) for name, cell in zip(kept, row, strict=True)]
            for row in frame[kept].itertuples(index=False)
        ),
    )


def _text(study: StudyRecord, column: str, cell: Any) -> str:  # noqa: ANN401 - a cell of a table has any type
    """Return a cell in words."""
    if isinstance(cell, float):
        return significant(cell)
    labels = {"estimator": study.estimator_label, "outcome": study.label}
    return labels.get(column, str)(cell)
