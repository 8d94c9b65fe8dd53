"""Effects by group and differences between groups, of the featured estimators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.language import gettext
from harness.report.model.run import Run
from harness.report.paper.estimates import run_notes
from harness.report.paper.table import PaperRow, PaperTable
from harness.report.sections.groups.rows import groups_of
from harness.report.sections.groups.table import GroupTableRow, group_table
from harness.report.text.numbers import MISSING, percent
from harness.report.text.plain_text import file_slug


def heterogeneity_tables(run: Run) -> Iterator[PaperTable]:
    """Yield a table for each column that groups are by."""
    study = run.manifest.study
    for scenario, by in run.view(groups_of).partitions:
        table = group_table(run, (scenario, by))
        shown = _modes([row for block in table.blocks for row in block.rows])
        rows: list[PaperRow] = []
        for block in table.blocks:
            rows.append(PaperRow(block.heading))
            for row in (*block.rows, *block.differences):
                rows += _lines(row, shown)
        if not shown:
            continue
        modes = (gettext("One model for all groups"), gettext("A model for each group"))
        heads = (gettext("Group"), gettext("N"), gettext("Entities"), *(modes[at] for at in shown))
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


def _modes(rows: Sequence[GroupTableRow]) -> tuple[int, ...]:
    """Return the modes, by their places, that have an effect of some group."""
    n_modes = len(rows[0].cells) if rows else 0
    return tuple(at for at in range(n_modes) if any(row.cells[at].effect.value != MISSING for row in rows))


def _lines(row: GroupTableRow, shown: Sequence[int]) -> Iterator[PaperRow]:
    effects = [row.cells[at].effect for at in shown]
    yield PaperRow(row.name, (row.n_obs, row.n_entities, *(effect.value for effect in effects)))
    yield PaperRow("", ("", "", *(effect.interval for effect in effects)))
