"""The section of groups: levels and effects with intervals, and the differences between groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.blocks import Heading, NewSentences, Paragraph, Phrase, ReportBlock, SmallPrint
from harness.report.sections.groups.rows import MODES, Partition, groups_of
from harness.report.sections.section import Section, featured
from harness.report.table import ReportTable, RowGroup, TableCell, TableColumn, TableRow, estimate_cell
from harness.tables.heterogeneity import DifferenceRow, GroupRow
from harness.text.numbers import NOTHING, count, estimated, percent
from harness.text.plain_text import Footnotes, listed

if TYPE_CHECKING:
    from harness.report.drawing.canvas import FigureRenderer

HEADS = {"pooled": marked("One model for all groups"), "refit": marked("A model for each group")}


def group_blocks(run: Run, renderer: FigureRenderer) -> Iterator[ReportBlock]:
    """Yield the groups by every column."""
    from harness.report.sections.groups.figure import group_figures

    study, partitions = run.manifest.study, run.view(groups_of).partitions
    if not partitions:
        return
    what = gettext(
        "With one model for all groups, a group's level is the median of the net effect curve, which is "
        "averaged over all rows of the panel, at the exposures of the group's own rows: it is no level of "
        "the group's outcome. Only the interval of a difference says whether two groups differ."
    )
    yield Paragraph((Phrase(gettext("Levels are not effects."), "strong"), f" {what}"))
    for partition in partitions:
        grouped = grouped_by(run, partition)
        yield Heading(gettext("By {by}").format(by=grouped.by))
        yield from group_figures(run, partition, renderer)
        yield group_table(grouped)
        for sentence in grouped.left_out:
            yield NewSentences(sentence, "note")
        yield difference_table(grouped)
    yield SmallPrint(
        gettext(
            "Effect: mean change of the outcome per unit of {exposure} over the group's rows; bold where "
            "its {level} interval excludes zero. Differences that are established stand under “What the run "
            "says”. The other estimators are in heterogeneity.csv and heterogeneity_differences.csv."
        ).format(exposure=study.label(study.exposure), level=percent(study.level, 0))
    )


@dataclass(frozen=True)
class AnsweredGroups:
    """The groups of one estimator for one outcome, each with its row under every mode that is shown."""

    heading: str
    groups: tuple[tuple[str, GroupRow, tuple[GroupRow | None, ...]], ...]
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True)
class Grouped:
    """The groups by one column, of every outcome and featured estimator.

    Attributes
    ----------
    modes : those that have any effect; all where none has
    left_out : why there is no other mode, in sentences
    """

    by: str
    modes: tuple[str, ...]
    left_out: tuple[str, ...]
    answers: tuple[AnsweredGroups, ...]

    @property
    def has_effects(self) -> bool:
        """Whether any group has an effect."""
        shown = (row for own in self.answers for _, _, rows in own.groups for row in rows)
        return any(row is not None and math.isfinite(row.effect) for row in shown)

    @property
    def heads(self) -> tuple[str, ...]:
        """How the modes are called."""
        return tuple(gettext(HEADS[mode]) for mode in self.modes)


def grouped_by(run: Run, partition: Partition) -> Grouped:
    """Return the groups of one partition."""
    study, found = run.manifest.study, run.view(groups_of)
    asked = [(outcome, entry) for outcome in study.outcomes for entry in featured(run)]
    every = [row for outcome, entry in asked for row in found.of(partition, outcome, entry.id)]
    modes = tuple(mode for mode in MODES if any(_has_effect(row, mode) for row in every)) or MODES
    return Grouped(
        study.label(partition[1]),
        modes,
        tuple(_left_out(every, modes)),
        tuple(
            AnsweredGroups(
                listed([study.axis_label(outcome), entry.label]),
                tuple(_groups(rows, modes)),
                found.differences_of(partition, outcome, entry.id),
            )
            for outcome, entry in asked
            if (rows := found.of(partition, outcome, entry.id))
        ),
    )


def _has_effect(row: GroupRow, mode: str) -> bool:
    return row.mode == mode and math.isfinite(row.effect)


def _left_out(rows: Sequence[GroupRow], modes: Sequence[str]) -> Iterator[str]:
    without = ((row.mode, row.reason) for row in rows if row.mode in set(MODES) - set(modes) and row.reason)
    for mode, reason in dict.fromkeys(without):
        yield gettext("{label}: {reason}.").format(label=gettext(HEADS[mode]), reason=reason)


def _groups(
    rows: Sequence[GroupRow], modes: Sequence[str]
) -> Iterator[tuple[str, GroupRow, tuple[GroupRow | None, ...]]]:
    """Yield the groups with their rows; an estimator without any answer has one with its reason."""
    for group in dict.fromkeys(row.group for row in rows):
        by_mode = {row.mode: row for row in rows if row.group == group}
        first = next(iter(by_mode.values()))
        shown = tuple(by_mode.get(mode) for mode in modes) if group else (first,) * len(modes)
        yield group or gettext("all groups"), first, shown


def group_table(grouped: Grouped) -> ReportTable:
    """Return effects and levels of every group."""
    footnotes = Footnotes()
    return ReportTable(
        caption=gettext("Effects by {by}, and levels of the curve").format(by=grouped.by),
        over=_modes(grouped, n_columns=3),
        columns=(
            *(
                TableColumn(gettext("Group")),
                TableColumn(gettext("Rows")),
                TableColumn(gettext("Entities")),
            ),
            *_measures(grouped),
        ),
        groups=tuple(
            RowGroup(tuple(_row(*group, footnotes) for group in own.groups), own.heading)
            for own in grouped.answers
        ),
        footnotes=footnotes.listed(),
        most=2,
    )


def difference_table(grouped: Grouped) -> ReportTable:
    """Return what one group's effect and level are more than another's."""
    return ReportTable(
        caption=gettext("Differences between groups by {by}").format(by=grouped.by),
        over=_modes(grouped, n_columns=1),
        columns=(TableColumn(gettext("Difference")), *_measures(grouped)),
        groups=tuple(
            RowGroup(rows, own.heading)
            for own in grouped.answers
            if (rows := tuple(difference_rows(own.differences, grouped.modes)))
        ),
        most=0,
    )


def _modes(grouped: Grouped, *, n_columns: int) -> tuple[TableCell, ...]:
    """Return the heads over the measures, at the right of empty ones over some columns."""
    return (TableCell(n_columns=n_columns), *(TableCell(head, n_columns=2) for head in grouped.heads))


def _measures(grouped: Grouped) -> Iterable[TableColumn]:
    return (TableColumn(gettext("Effect")), TableColumn(gettext("Level of the curve"))) * len(grouped.modes)


def _row(name: str, first: GroupRow, rows: Sequence[GroupRow | None], footnotes: Footnotes) -> TableRow:
    cells = (cell for row in rows for cell in _cells(row, footnotes))
    return TableRow((name, count(first.n_obs), count(first.n_entities), *cells))


def _cells(row: GroupRow | None, footnotes: Footnotes) -> tuple[TableCell, TableCell]:
    """Return the effect and the level of a group under one mode."""
    if row is None:
        return TableCell(NOTHING.value), TableCell(NOTHING.value)
    effect = estimated(row.effect, row.conf_low, row.conf_high)
    level = estimated(row.median, row.median_low, row.median_high)
    mark = footnotes.mark("" if row.is_done else row.reason)
    return estimate_cell(effect, mark=mark), _level(level.value, level.interval)


def _level(value: str, interval: str) -> TableCell:
    return TableCell(value, (interval,) if interval else ())


def difference_rows(rows: Sequence[DifferenceRow], modes: Sequence[str]) -> Iterator[TableRow]:
    """Yield a row for each pair of groups of which a difference is known."""
    known = {
        (row.group, row.other, row.mode, row.measure): estimated(row.difference, row.conf_low, row.conf_high)
        for row in rows
        if math.isfinite(row.difference)
    }
    for group, other in dict.fromkeys((group, other) for group, other, _, _ in known):
        cells: list[TableCell] = []
        for mode in modes:
            effect = known.get((group, other, mode, "effect"), NOTHING)
            level = known.get((group, other, mode, "median"), NOTHING)
            cells += [estimate_cell(effect), _level(level.value, level.interval)]
        yield TableRow((gettext("{group} less {other}").format(group=group, other=other), *cells))


def group_names(run: Run) -> Iterable[str]:
    """Return the names of all groups."""
    return dict.fromkeys(row.group for row in run.view(groups_of).rows)


GROUPS_SECTION = Section(
    "groups", marked("Groups"), 800, group_blocks, drawn_names=group_names, tables=("heterogeneity",)
)
