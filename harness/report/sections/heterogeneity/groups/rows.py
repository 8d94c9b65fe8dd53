"""Rows of groups: levels and effects, their differences, and quantiles of the levels."""

from __future__ import annotations

from typing import TypeVar

from harness.findings.run import Run
from harness.tables.heterogeneity import HETEROGENEITY, DifferenceRow, GroupRow, LevelRow
from harness.tables.table import TypedTable

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
    key = (*partition, outcome, estimator)
    return tuple(row for row in run.rows(table) if (row.scenario, row.by, row.outcome, row.estimator) == key)
