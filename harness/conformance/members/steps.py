"""What is asked of preparation steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import pandas as pd

from harness.arrays import Floats, Ints
from harness.conformance.law import Law
from harness.conformance.members.case import MemberCase, require_column, unchanged
from harness.conformance.panels import COLUMNS, ordinary_panel
from harness.conformance.verdict import Broken
from harness.data.prepare.step import (
    Calendar,
    Column,
    LearnedStep,
    PanelStep,
    RowStep,
    Step,
    StepGroup,
    single_steps,
)
from harness.data.prepare.table_step import Groups, TableColumns, TableStep

THIRDS = ("high", "low", "middle")
"""Values of columns that a step takes as groups: thirds of the numbers, from the least."""


class RowAligned(Law[MemberCase]):
    """A step has a value for each row, in the order of the rows."""

    name: ClassVar[str] = "row_aligned"
    says: ClassVar[str] = "a column has a number for each row, whatever the order of the rows"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Prepare the column, and again on the rows in the reverse order."""
        turned = np.arange(ordinary_panel().n_obs)[::-1]
        found, again = (_prepared(case.member, rows) for rows in (turned[::-1], turned))
        for into, cells in found.items():
            if not np.isfinite(cells).any():
                raise Broken(f"no row of '{into}' has a value")
            if not np.allclose(cells[turned], again[into], rtol=1e-9, equal_nan=True):
                raise Broken(f"'{into}' is another where the rows come in another order")
        return ", ".join(found)


class RepeatableColumn(Law[MemberCase]):
    """A step gives the same column each time."""

    name: ClassVar[str] = "repeatable"
    says: ClassVar[str] = "a step gives the same column each time, and leaves its inputs alone"
    needs: ClassVar[tuple[str, ...]] = ("row_aligned",)

    def check(self, case: MemberCase) -> str:
        """Prepare the column twice."""
        rows = np.arange(ordinary_panel().n_obs)
        found, again = (_prepared(case.member, rows) for _ in range(2))
        for into, cells in found.items():
            if not np.array_equal(cells, again[into], equal_nan=True):
                raise Broken(f"'{into}' differs from one call to the next")
        return ""


def _prepared(written: StepGroup | Step | TableStep, rows: Ints) -> Mapping[str, Floats]:
    """Return the columns of a step on positive columns, given those alone that each declares as inputs."""
    panel = ordinary_panel().take(rows)
    named = dict(zip(COLUMNS, panel.X.T, strict=True))
    every = {name: np.exp((x - x.mean()) / x.std()) for name, x in named.items()}
    calendar = Calendar(panel.entity.codes, panel.period, {label: int(label) for label in panel.time.labels})
    found: dict[str, Floats] = {}
    if isinstance(written, TableStep):
        expansion = written.expand(_table(written, every))
        steps = expansion.steps
        found = {name: np.asarray(cells, dtype=np.float64) for name, cells in expansion.columns.items()}
    else:
        steps = single_steps(written)
    for step in steps:
        found[step.into] = _one_column(step, every | found, calendar)
    return found


def _table(step: TableStep, every: Mapping[str, Floats]) -> TableColumns:
    """Return columns of numbers, those that the step takes as groups by their thirds too."""
    frame = pd.DataFrame(every)
    groups = {}
    for name in step.grouped:
        if name not in every:
            raise _unknown_column(name)
        codes = np.searchsorted(np.quantile(every[name], [1 / 3, 2 / 3]), every[name])
        groups[name] = Groups(name, THIRDS, codes.tolist())
    return TableColumns(frame, groups, dict.fromkeys(step.inputs, True))


def _unknown_column(name: str) -> Broken:
    return Broken(f"asks for '{name}': give it columns of the panel, {', '.join(COLUMNS)}")


def _one_column(step: Step, every: Mapping[str, Floats], calendar: Calendar) -> Floats:
    for name in step.inputs:
        if name not in every:
            raise _unknown_column(name)
    columns = {name: every[name] for name in step.inputs}
    found = unchanged(columns, lambda given: _column(step, given, calendar))
    return require_column(found, calendar.entity.size, what=f"'{step.into}'")


def _column(step: Step, columns: Mapping[str, Floats], calendar: Calendar) -> Floats:
    if isinstance(step, LearnedStep):
        return step.learn(columns).compute(columns)
    if isinstance(step, PanelStep):
        reached = {name: Column(cells, np.zeros(cells.size, dtype=bool)) for name, cells in columns.items()}
        return step.across(reached, calendar).cells
    if isinstance(step, RowStep):
        return step.compute(columns)
    raise Broken(
        f"{type(step).__name__} is no RowStep, PanelStep or LearnedStep: it lacks one of their members"
    )


LAWS: Sequence[Law[MemberCase]] = (RowAligned(), RepeatableColumn())
