"""The tables of groups: levels and effects with intervals, and the differences between groups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.language import gettext, marked
from harness.report.model.featured import featured
from harness.report.model.run import Run
from harness.report.sections.groups.rows import MODES, Partition, groups_of
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import NOTHING, EstimateText, count, estimated
from harness.report.text.plain_text import listed
from harness.tables.heterogeneity import DifferenceRow, GroupRow

HEADS = {"pooled": marked("One model for all groups"), "refit": marked("A model for each group")}


@dataclass(frozen=True)
class GroupCell:
    """What is said of a group under one mode; `mark` is of the footnote with a reason."""

    median: EstimateText
    effect: EstimateText
    mark: str = ""


@dataclass(frozen=True)
class GroupTableRow:
    """One group, or a pair of groups, under each mode of the table."""

    name: str
    n_obs: str
    n_entities: str
    cells: tuple[GroupCell, ...]


@dataclass(frozen=True)
class GroupBlock:
    """One estimator's groups for one outcome."""

    heading: str
    rows: tuple[GroupTableRow, ...]
    differences: tuple[GroupTableRow, ...]


@dataclass(frozen=True)
class GroupTable:
    """The groups by one column.

    Attributes
    ----------
    heads : of the modes that have any effect; of all where none has
    left_out : why there is no other mode, in sentences
    """

    by: str
    heads: tuple[str, ...]
    left_out: tuple[str, ...]
    blocks: tuple[GroupBlock, ...]
    footnotes: tuple[tuple[str, str], ...]

    @property
    def has_effects(self) -> bool:
        """Whether any group has an effect."""
        rows = (row for block in self.blocks for row in block.rows)
        return any(cell.effect != NOTHING for row in rows for cell in row.cells)


def group_table(run: Run, partition: Partition) -> GroupTable:
    """Return the groups of one partition, of every outcome and featured estimator."""
    study, groups = run.manifest.study, run.view(groups_of)
    footnotes = Footnotes()
    cells = [(outcome, entry) for outcome in study.outcomes for entry in featured(run)]
    found = {(outcome, entry.id): groups.of(partition, outcome, entry.id) for outcome, entry in cells}
    every = [row for rows in found.values() for row in rows]
    modes = tuple(mode for mode in MODES if any(_has_effect(row, mode) for row in every)) or MODES
    return GroupTable(
        study.label(partition[1]),
        tuple(gettext(HEADS[mode]) for mode in modes),
        tuple(_left_out(every, modes)),
        tuple(
            GroupBlock(
                heading=listed([study.axis_label(outcome), entry.label]),
                rows=_rows(found[outcome, entry.id], modes, footnotes),
                differences=_differences(groups.differences_of(partition, outcome, entry.id), modes),
            )
            for outcome, entry in cells
            if found[outcome, entry.id]
        ),
        footnotes.listed(),
    )


def _has_effect(row: GroupRow, mode: str) -> bool:
    return row.mode == mode and math.isfinite(row.effect)


def _left_out(rows: Sequence[GroupRow], modes: Sequence[str]) -> Iterator[str]:
    without = ((row.mode, row.reason) for row in rows if row.mode in set(MODES) - set(modes) and row.reason)
    for mode, reason in dict.fromkeys(without):
        yield gettext("{label}: {reason}.").format(label=gettext(HEADS[mode]), reason=reason)


def _rows(rows: Sequence[GroupRow], modes: Sequence[str], footnotes: Footnotes) -> tuple[GroupTableRow, ...]:
    """Return a row a group; an estimator without any answer has one row with its reason."""
    found = []
    for group in dict.fromkeys(row.group for row in rows):
        by_mode = {row.mode: row for row in rows if row.group == group}
        first = next(iter(by_mode.values()))
        shown = [by_mode.get(mode) for mode in modes] if group else [first] * len(modes)
        cells = tuple(_cell(row, footnotes) for row in shown)
        found.append(
            GroupTableRow(group or gettext("all groups"), count(first.n_obs), count(first.n_entities), cells)
        )
    return tuple(found)


def _cell(row: GroupRow | None, footnotes: Footnotes) -> GroupCell:
    if row is None:
        return GroupCell(NOTHING, NOTHING)
    return GroupCell(
        median=estimated(row.median, row.median_low, row.median_high),
        effect=estimated(row.effect, row.conf_low, row.conf_high),
        mark=footnotes.mark("" if row.is_done else row.reason),
    )


def _differences(rows: Sequence[DifferenceRow], modes: Sequence[str]) -> tuple[GroupTableRow, ...]:
    known = {
        (row.group, row.other, row.mode, row.measure): estimated(row.difference, row.conf_low, row.conf_high)
        for row in rows
        if math.isfinite(row.difference)
    }
    pairs = dict.fromkeys((group, other) for group, other, _, _ in known)
    return tuple(
        GroupTableRow(
            name=gettext("{group} less {other}").format(group=group, other=other),
            n_obs="",
            n_entities="",
            cells=tuple(
                GroupCell(
                    known.get((group, other, mode, "median"), NOTHING),
                    known.get((group, other, mode, "effect"), NOTHING),
                )
                for mode in modes
            ),
        )
        for group, other in pairs
    )
