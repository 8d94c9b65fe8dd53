"""Heterogeneity: levels and effects by group, their differences, and quantiles of the levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, frozen_floats
from harness.findings.run import Run
from harness.tables.heterogeneity import (
    HETEROGENEITY,
    HETEROGENEITY_DIFFERENCES,
    HETEROGENEITY_ROWS,
    DifferenceRow,
    GroupRow,
    LevelRow,
)

Partition = tuple[str, str]
"""A scenario, with the column of its groups."""

TWO = 2
POOLED = "pooled"
MODES = (POOLED, "refit")
"""One model for all groups, or a model fitted on each group's rows."""


@dataclass(frozen=True, eq=False)
class GroupLevels:
    """Quantiles of the levels of one group's rows.

    Attributes
    ----------
    quantile : (n_quantiles,), increasing in [0, 1]
    level : (n_quantiles,), outcome units
    """

    quantile: Floats
    level: Floats

    @property
    def are_two(self) -> bool:
        """Whether all levels are one of two, as those at the two values of an exposure are."""
        return np.unique(self.level).size <= TWO


@dataclass(frozen=True, eq=False)
class GroupAnswers:
    """All answers about groups."""

    rows: tuple[GroupRow, ...]
    differences: tuple[DifferenceRow, ...]
    levels: tuple[LevelRow, ...]

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Scenario and column of every partition, in the order of the table."""
        return tuple(dict.fromkeys((row.scenario, row.by) for row in self.rows))

    def of(self, partition: Partition, outcome: str, estimator: str) -> tuple[GroupRow, ...]:
        """Return the groups of one estimator, a row a mode; also a row that only has a reason."""
        key = (*partition, outcome, estimator)
        return tuple(row for row in self.rows if _key(row) == key)

    def differences_of(self, partition: Partition, outcome: str, estimator: str) -> tuple[DifferenceRow, ...]:
        """Return the differences between the groups of one estimator that are known."""
        key = (*partition, outcome, estimator)
        return tuple(row for row in self.differences if row.is_done and _key(row) == key)

    def levels_of(self, row: GroupRow) -> GroupLevels | None:
        """Return the quantiles of a group's levels, None where there are none."""
        found = sorted((level.quantile, level.level) for level in self._own_levels(row))
        if not found:
            return None
        quantile, level = zip(*found, strict=True)
        return GroupLevels(frozen_floats(quantile), frozen_floats(level))

    def _own_levels(self, row: GroupRow) -> Iterator[LevelRow]:
        key = (*_key(row), row.group, row.mode)
        return (
            level for level in self.levels if level.is_done and (*_key(level), level.group, level.mode) == key
        )


def _key(row: GroupRow | DifferenceRow | LevelRow) -> tuple[str, str, str, str]:
    return row.scenario, row.by, row.outcome, row.estimator


def groups_of(run: Run) -> GroupAnswers:
    """Return all answers about groups of a run."""
    return GroupAnswers(
        rows=run.rows(HETEROGENEITY),
        differences=run.rows(HETEROGENEITY_DIFFERENCES),
        levels=run.rows(HETEROGENEITY_ROWS),
    )
