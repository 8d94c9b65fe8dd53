"""The tables of groups: levels and effects with intervals, and the differences between groups."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.findings.run import Run
from harness.language import gettext, marked
from harness.report.sections.section import featured
from harness.report.table import ReportTable, TableCell, TableColumn, TableRow, estimate_cell, row_groups
from harness.tables import heterogeneity
from harness.tables.heterogeneity import HETEROGENEITY, DifferenceRow, GroupRow, LevelRow
from harness.tables.table import TypedTable
from harness.text.numbers import EstimateText, count, estimate, estimated
from harness.text.plain_text import Footnotes, listed

# A scenario, with the column of its groups.
Partition = tuple[str, str]

OwnRow = TypeVar("OwnRow", GroupRow, DifferenceRow, LevelRow)


def partitions(run: Run) -> tuple[Partition, ...]:
    """Return scenario and column of every partition, in the order of the table."""
    return tuple(dict.fromkeys((row.scenario, row.by) for row in run.rows(HETEROGENEITY)))


def rows_of_groups(
    run: Run, table: TypedTable[OwnRow], partition: Partition, outcome: str, estimator: str
) -> tuple[OwnRow, ...]:
    """Return the rows of one estimator in a table of groups; also those that only have a reason."""
    return run.view(_by_group(table)).get((*partition, outcome, estimator), ())


@functools.cache
def _by_group(
    table: TypedTable[OwnRow],
) -> Callable[[Run], Mapping[tuple[str, str, str, str], tuple[OwnRow, ...]]]:
    """Return the function that sorts the rows of a table by partition, outcome and estimator."""

    def rows_by_group(run: Run) -> Mapping[tuple[str, str, str, str], tuple[OwnRow, ...]]:
        found: dict[tuple[str, str, str, str], list[OwnRow]] = {}
        for row in run.rows(table):
            found.setdefault((row.scenario, row.by, row.outcome, row.estimator), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    return rows_by_group


# A number with the limits of its interval.
Numbers = tuple[float, float, float]

# Outcome and estimator in words, with their groups and the differences between these.
Answer = tuple[str, tuple[heterogeneity.GroupRow, ...], tuple[heterogeneity.DifferenceRow, ...]]

# One model for all groups, or a model fitted on each group's rows.
MODES = {"pooled": marked("One model for all groups"), "refit": marked("A model for each group")}


@dataclass(frozen=True)
class Grouped:
    """The groups by one column, of every outcome and featured estimator.

    Attributes
    ----------
    by : what the groups are by
    modes : those that have any effect; all where none has
    left_out : why there is no other mode, in sentences
    answers : one for each outcome and estimator
    """

    by: str
    modes: tuple[str, ...]
    left_out: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def has_effects(self) -> bool:
        """Whether any group has an effect."""
        return any(_has_effect(row, self.modes) for _, rows, _ in self.answers for row in rows)

    @property
    def heads(self) -> tuple[str, ...]:
        """How the modes are called."""
        return tuple(gettext(MODES[mode]) for mode in self.modes)


def grouped_by(run: Run, partition: Partition) -> Grouped:
    """Return the groups of one partition."""
    study = run.manifest.study
    answers = tuple(
        (
            listed([study.axis_label(outcome), entry.label]),
            rows,
            rows_of_groups(run, heterogeneity.HETEROGENEITY_DIFFERENCES, partition, outcome, entry.id),
        )
        for outcome in study.outcomes
        for entry in featured(run)
        if (rows := rows_of_groups(run, heterogeneity.HETEROGENEITY, partition, outcome, entry.id))
    )
    every = [row for _, rows, _ in answers for row in rows]
    modes = tuple(mode for mode in MODES if any(_has_effect(row, [mode]) for row in every)) or tuple(MODES)
    others = set(MODES) - set(modes)
    reasons = dict.fromkeys((row.mode, row.reason) for row in every if row.mode in others and row.reason)
    left_out = (
        gettext("{label}: {reason}.").format(label=gettext(MODES[mode]), reason=reason)
        for mode, reason in reasons
    )
    return Grouped(study.label(partition[1]), modes, tuple(left_out), answers)


def _has_effect(row: heterogeneity.GroupRow, modes: Sequence[str]) -> bool:
    return row.mode in modes and math.isfinite(row.effect)


def group_table(grouped: Grouped) -> ReportTable:
    """Return effects and levels of every group."""
    caption = gettext("Effects by {by}, and levels of the curve").format(by=grouped.by)
    footnotes, heads = Footnotes(), (gettext("Group"), gettext("Rows"), gettext("Entities"))
    groups = [(heading, _rows(rows, grouped.modes, footnotes)) for heading, rows, _ in grouped.answers]
    table = _table(grouped, caption, heads, groups)
    return replace(table, footnotes=footnotes.listed())


def difference_table(grouped: Grouped) -> ReportTable:
    """Return what one group's effect and level are more than another's."""
    caption = gettext("Differences between groups by {by}").format(by=grouped.by)
    groups = [(heading, _differences(own, grouped.modes)) for heading, _, own in grouped.answers]
    return _table(grouped, caption, (gettext("Difference"),), groups)


def _table(
    grouped: Grouped, caption: str, heads: tuple[str, ...], groups: Iterable[tuple[str, Iterable[TableRow]]]
) -> ReportTable:
    """Return a table with an effect and a level under each mode, at the right of other columns."""
    measures = (gettext("Effect"), gettext("Level of the curve")) * len(grouped.modes)
    return ReportTable(
        caption=caption,
        over=(TableCell(n_columns=len(heads)), *(TableCell(head, n_columns=2) for head in grouped.heads)),
        columns=tuple(map(TableColumn, (*heads, *measures))),
        groups=row_groups(groups),
    )


def _rows(
    rows: Sequence[heterogeneity.GroupRow], modes: Sequence[str], footnotes: Footnotes
) -> Iterator[TableRow]:
    """Yield a row for each group; an estimator without any answer has one with its reason."""
    for group in dict.fromkeys(row.group for row in rows):
        by_mode = {row.mode: row for row in rows if row.group == group}
        first = next(iter(by_mode.values()))
        cells: list[TableCell] = []
        for mode in modes:
            row = by_mode.get(mode) if group else first
            if row is None:
                cells += _cells(None, None)
            else:
                mark = footnotes.mark("" if row.is_done else row.reason)
                level = (row.median, row.median_low, row.median_high)
                cells += _cells((row.effect, row.conf_low, row.conf_high), level, mark)
        yield TableRow((group or gettext("all groups"), count(first.n_obs), count(first.n_entities), *cells))


def _differences(rows: Sequence[heterogeneity.DifferenceRow], modes: Sequence[str]) -> Iterator[TableRow]:
    """Yield a row for each pair of groups of which a difference is known."""
    known = {
        (row.group, row.other, row.mode, row.measure): (row.difference, row.conf_low, row.conf_high)
        for row in rows
        if row.is_done and math.isfinite(row.difference)
    }
    for group, other in dict.fromkeys(key[:2] for key in known):
        cells: list[TableCell] = []
        for mode in modes:
            effect, level = (known.get((group, other, mode, measure)) for measure in ("effect", "median"))
            cells += _cells(effect, level)
        yield TableRow((gettext("{group} less {other}").format(group=group, other=other), *cells))


def _cells(effect: Numbers | None, level: Numbers | None, mark: str = "") -> tuple[TableCell, TableCell]:
    """Return an effect, bold where its interval excludes zero, and a level; a dash without either."""
    nothing = (math.nan, math.nan, math.nan)
    shown = EstimateText(*estimate(*(level or nothing)))
    return estimate_cell(estimated(*(effect or nothing)), mark=mark), estimate_cell(shown)
