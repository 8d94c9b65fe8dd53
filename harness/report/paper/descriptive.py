"""Descriptive statistics of all variables, by role."""

from __future__ import annotations

from collections.abc import Iterator

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.paper.estimates import run_notes
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.variables.section import variable_table


def descriptive_tables(run: Run) -> Iterator[PaperTable]:
    """Yield the table; none where the run has no moments."""
    groups = variable_table(run)
    if not groups:
        return
    rows = []
    for group in groups:
        rows.append(PaperRow(group.heading))
        rows += [
            PaperRow(
                run.manifest.study.axis_label(row.name),
                (row.n_obs, row.mean, row.sd, row.sd_within, row.sd_between, row.low, row.high),
            )
            for row in group.rows
        ]
    heads = (
        *(gettext("Variable"), gettext("N"), gettext("Mean"), gettext("SD")),
        *(gettext("SD within"), gettext("SD between"), gettext("Min"), gettext("Max")),
    )
    notes = (
        gettext("SD within: of deviations from an entity's own mean; SD between: of the entities' means."),
        *run_notes(run),
    )
    yield PaperTable("descriptive", gettext("Descriptive statistics"), (heads,), tuple(rows), notes)
