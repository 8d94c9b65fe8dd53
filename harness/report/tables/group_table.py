"""The tables of groups: levels and effects with intervals, and the differences between groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.reading.featured import featured
from harness.report.reading.groups import MODES, DifferenceRow, GroupRow
from harness.report.reading.run import Run
from harness.report.tables.footnotes import Footnotes
from harness.report.words.digits import MISSING, count, estimate


@dataclass(frozen=True)
class Estimate:
    """A number with its interval in words."""

    value: str
    interval: str
    excludes_zero: bool = False


NOTHING = Estimate(MISSING, "")


@dataclass(frozen=True)
class GroupCell:
    """What is said of a group under one mode; `mark` is of the footnote with a reason."""

    median: Estimate
    effect: Estimate
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


def group_table(run: Run, partition: tuple[str, str]) -> GroupTable:
    """Return the groups of one partition, of every outcome and featured estimator."""
    study = run.manifest.study
    footnotes = Footnotes()
    blocks = []
    for outcome in study.outcomes:
        for one in featured(run):
            rows = run.groups.of(partition, outcome, one.id)
            if rows:
                block = GroupBlock(
                    heading=f"{study.axis_label(outcome)}, {one.label}",
                    rows=_rows(rows, footnotes),
                    differences=_differences(run.groups.differences_of(partition, outcome, one.id)),
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
        found.append(GroupTableRow(group or "all groups", count(first.n_obs), count(first.n_entities), cells))
    return tuple(found)


def _cell(row: GroupRow | None, footnotes: Footnotes) -> GroupCell:
    if row is None:
        return GroupCell(NOTHING, NOTHING)
    return GroupCell(
        median=_estimate(row.median, row.median_low, row.median_high),
        effect=_estimate(row.effect, row.conf_low, row.conf_high),
        mark=footnotes.mark("" if row.is_done else row.reason),
    )


def _estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(*estimate(value, low, high), excludes_zero=low > 0.0 or high < 0.0)


def _differences(rows: Sequence[DifferenceRow]) -> tuple[GroupTableRow, ...]:
    known = {
        (row.group, row.other, row.mode, row.measure): _estimate(row.difference, row.conf_low, row.conf_high)
        for row in rows
        if math.isfinite(row.difference)
    }
    pairs = dict.fromkeys((group, other) for group, other, _, _ in known)
    return tuple(
        GroupTableRow(
            name=f"{group} less {other}",
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
