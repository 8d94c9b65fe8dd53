"""The tables of groups: levels and effects with intervals, and the differences between groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.language import gettext
from harness.report.model.featured import featured
from harness.report.model.run import Run
from harness.report.sections.groups.rows import MODES, DifferenceRow, GroupRow, Partition, groups_of
from harness.report.text.footnotes import Footnotes
from harness.report.text.numbers import NOTHING, EstimateText, count, estimated
from harness.report.text.plain_text import listed


@dataclass(frozen=True)
class GroupCell:
    """What is said of a group under one mode; `mark` is of the footnote with a reason."""

    median: EstimateText
    effect: EstimateText
    mark: str = ""


@dataclass(frozen=True)
class GroupTableRow:
    """One group, or a pair of groups, under each of `MODES`."""

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
    """The groups by one column."""

    by: str
    blocks: tuple[GroupBlock, ...]
    footnotes: tuple[tuple[str, str], ...]


def group_table(run: Run, partition: Partition) -> GroupTable:
    """Return the groups of one partition, of every outcome and featured estimator."""
    study, groups = run.manifest.study, run.view(groups_of)
    footnotes = Footnotes()
    blocks = []
    for outcome in study.outcomes:
        for entry in featured(run):
            rows = groups.of(partition, outcome, entry.id)
            if rows:
                block = GroupBlock(
                    heading=listed([study.axis_label(outcome), entry.label]),
                    rows=_rows(rows, footnotes),
                    differences=_differences(groups.differences_of(partition, outcome, entry.id)),
                )
                blocks.append(block)
    return GroupTable(study.label(partition[1]), tuple(blocks), footnotes.listed())


def _rows(rows: Sequence[GroupRow], footnotes: Footnotes) -> tuple[GroupTableRow, ...]:
    """Return a row a group; an estimator without any answer has one row with its reason."""
    found = []
    for group in dict.fromkeys(row.group for row in rows):
        by_mode = {row.mode: row for row in rows if row.group == group}
        first = next(iter(by_mode.values()))
        shown = [by_mode.get(mode) for mode in MODES] if group else [first] * len(MODES)
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


def _differences(rows: Sequence[DifferenceRow]) -> tuple[GroupTableRow, ...]:
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
                for mode in MODES
            ),
        )
        for group, other in pairs
    )
