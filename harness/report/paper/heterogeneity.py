"""Effects by group and differences between groups, of the featured estimators."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.paper.estimates import run_notes
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.groups.rows import groups_of
from harness.report.sections.groups.table import GroupTableRow, group_table
from harness.report.text.numbers import percent
from harness.report.text.plain_text import file_slug


def heterogeneity_tables(run: Run) -> Iterator[PaperTable]:
    """Yield a table for each column that groups are by."""
    study = run.manifest.study
    for scenario, by in run.view(groups_of).partitions:
        table = group_table(run, (scenario, by))
        if not table.has_effects:
            continue
        rows: list[PaperRow] = []
        for block in table.blocks:
            rows.append(PaperRow(block.heading))
            for row in (*block.rows, *block.differences):
                rows += _lines(row)
        heads = (gettext("Group"), gettext("N"), gettext("Entities"), *table.heads)
        notes = (
            gettext(
                "Mean change of the outcome per unit of {exposure} over the rows of each group, and "
                "differences between groups. In brackets {level} bootstrap intervals."
            ).format(exposure=study.label(study.exposure_of(scenario)), level=percent(study.level, 0)),
            *run_notes(run),
        )
        name = f"heterogeneity-{file_slug(scenario or by)}"
        caption = gettext("Effects by {by}").format(by=table.by)
        yield PaperTable(name, caption, (heads,), tuple(rows), notes)


def _lines(row: GroupTableRow) -> Iterator[PaperRow]:
    yield PaperRow(row.name, (row.n_obs, row.n_entities, *(cell.effect.value for cell in row.cells)))
    yield PaperRow("", ("", "", *(cell.effect.interval for cell in row.cells)))
