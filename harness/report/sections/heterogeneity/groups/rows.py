"""Rows of groups: levels and effects, their differences, and quantiles of the levels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
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
