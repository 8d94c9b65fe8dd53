"""The tables of groups: levels and effects with intervals, and the differences between groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.reading.featured import featured
from harness.report.reading.groups import DifferenceRow, GroupRow
from harness.report.reading.run import Run
from harness.report.tables.footnotes import Footnotes
from harness.report.words.digits import MISSING, count, estimate

MODE_WORDS = {"pooled": "one model", "refit": "own model"}


@dataclass(frozen=True)
class Estimate:
    """A number with its interval in words."""

    value: str
    interval: str
    excludes_zero: bool = False


NOTHING = Estimate(MISSING, "")


@dataclass(frozen=True)
class GroupTableRow:
    """One group under one mode; `mark` is of the footnote with a reason."""

    group: str
    mode: str
    n_obs: str
    n_entities: str
    median: Estimate
    effect: Estimate
    mark: str


@dataclass(frozen=True)
class DifferenceTableRow:
    """What a group has more than another."""

    pair: str
    mode: str
    median: Estimate
    effect: Estimate


@dataclass(frozen=True)
class GroupBlock:
    """One estimator's groups for one outcome."""

    heading: str
    rows: tuple[GroupTableRow, ...]
    differences: tuple[DifferenceTableRow, ...]


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
                    rows=tuple(_row(row, footnotes) for row in rows),
                    differences=_differences(run.groups.differences_of(partition, outcome, one.id)),
                )
                blocks.append(block)
    return GroupTable(study.label(partition[1]), tuple(blocks), footnotes.listed())


def _row(row: GroupRow, footnotes: Footnotes) -> GroupTableRow:
    return GroupTableRow(
        group=row.group or "all groups",
        mode=MODE_WORDS.get(row.mode, row.mode),
        n_obs=count(row.n_obs),
        n_entities=count(row.n_entities),
        median=_estimate(row.median, row.median_low, row.median_high),
        effect=_estimate(row.effect, row.conf_low, row.conf_high),
        mark=footnotes.mark("" if row.is_done else row.reason),
    )


def _estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(*estimate(value, low, high), excludes_zero=low > 0.0 or high < 0.0)


def _differences(rows: Sequence[DifferenceRow]) -> tuple[DifferenceTableRow, ...]:
    known = {
        (row.group, row.other, row.mode, row.measure): _estimate(row.difference, row.conf_low, row.conf_high)
        for row in rows
        if math.isfinite(row.difference)
    }
    pairs = dict.fromkeys((group, other, mode) for group, other, mode, _ in known)
    return tuple(
        DifferenceTableRow(
            pair=f"{group} less {other}",
            mode=MODE_WORDS.get(mode, mode),
            median=known.get((group, other, mode, "median"), NOTHING),
            effect=known.get((group, other, mode, "effect"), NOTHING),
        )
        for group, other, mode in pairs
    )
