"""The section of the gain under every combination of choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Bullets, ReportBlock, SmallPrint, tabs_of
from harness.report.sections.multiverse.rows import Multiverse, choices_of, multiverses
from harness.report.sections.multiverse.text import choice_label, level_label, multiverse_text
from harness.report.sections.section import Section
from harness.report.table import ReportTable, RowGroup, TableColumn, rows_of
from harness.tables.claims import CLAIMS
from harness.text.numbers import count, percent

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer


def multiverse_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the combinations for every outcome that has any."""
    study, found = run.manifest.study, {own.outcome: own for own in run.view(multiverses)}
    if found:
        yield tabs_of(
            (study.label(outcome), _outcome(run, found[outcome], renderer))
            for outcome in study.outcomes
            if outcome in found
        )
        yield SmallPrint(
            gettext(
                "Mean gain: over all combinations with that level. Share of variance: of the variance of the "
                "gain over all combinations, the part that lies between the levels of this choice alone; the "
                "shares add up to one only where choices do not act together. No combination is singled out."
            )
        )


def _outcome(run: Run, multiverse: Multiverse, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    from harness.report.sections.multiverse.figure import specification_figure

    choices = choices_of(run, multiverse.outcome)
    yield Bullets(multiverse_text(run.manifest.study, multiverse, choices, run.rows(CLAIMS)))
    yield specification_figure(run, multiverse, renderer)
    table = choice_table(run, multiverse.outcome)
    if table.groups:
        yield table


def choice_table(run: Run, outcome: str) -> ReportTable:
    """Return the choices for one outcome that have more than one level, those that move most first."""
    study, own = run.manifest.study, choices_of(run, outcome)
    shares = {row.choice: row.share_of_variance for row in own}
    groups = []
    for choice in sorted(shares, key=lambda name: -shares[name]):
        levels = [row for row in own if row.choice == choice]
        if len(levels) > 1:
            rows = [
                (level_label(study, choice, row.level), count(row.n), percent(row.mean_gain))
                for row in levels
            ]
            groups.append(RowGroup(rows_of(rows), choice_label(choice), (percent(shares[choice]),)))
    return ReportTable(
        caption=gettext("What each choice moves: the gain in predicting {label}").format(
            label=study.label(outcome)
        ),
        columns=(
            *(TableColumn(gettext("Choice")), TableColumn(gettext("Combinations"))),
            *(TableColumn(gettext("Mean gain")), TableColumn(gettext("Share of variance"))),
        ),
        groups=tuple(groups),
        most=2,
        is_most_of_each=True,
    )


MULTIVERSE_SECTION = Section(
    name="multiverse",
    title=marked("Multiverse"),
    place=600,
    content=multiverse_blocks,
    heading=marked("The gain under every combination of choices"),
    tables=("multiverse",),
)
