"""What is asked of preparation steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from harness.arrays import Floats, Ints
from harness.conformance.law import Law
from harness.conformance.members.case import MemberCase, require_column, unchanged
from harness.conformance.panels import COLUMNS, ordinary_panel
from harness.conformance.verdict import Broken
from harness.data.prepare.step import Calendar, Column, LearnedStep, PanelStep, RowStep, Step, single_steps


class RowAligned(Law[MemberCase]):
    """A step has a value for each row, in the order of the rows."""

    name: ClassVar[str] = "row_aligned"
    says: ClassVar[str] = "a column has a number for each row, whatever the order of the rows"
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, case: MemberCase) -> str:
        """Prepare the column, and again on the rows in the reverse order."""
        for step in single_steps(case.member):
            turned = np.arange(ordinary_panel().n_obs)[::-1]
            found, again = (_prepared(step, rows) for rows in (turned[::-1], turned))
            if not np.isfinite(found).any():
                raise Broken(f"no row of '{step.into}' has a value")
            if not np.allclose(found[turned], again, rtol=1e-9, equal_nan=True):
                raise Broken(f"'{step.into}' is another where the rows come in another order")
        return ", ".join(step.into for step in single_steps(case.member))


class RepeatableColumn(Law[MemberCase]):
    """A step gives the same column each time."""

    name: ClassVar[str] = "repeatable"
    says: ClassVar[str] = "a step gives the same column each time, and leaves its inputs alone"
    needs: ClassVar[tuple[str, ...]] = ("row_aligned",)

    def check(self, case: MemberCase) -> str:
        """Prepare the column twice."""
        for step in single_steps(case.member):
            rows = np.arange(ordinary_panel().n_obs)
            if not np.array_equal(_prepared(step, rows), _prepared(step, rows), equal_nan=True):
                raise Broken(f"'{step.into}' differs from one call to the next")
        return ""


def _prepared(step: Step, rows: Ints) -> Floats:
    """Return the column of a step on positive columns, given those alone that it declares as inputs."""
    panel = ordinary_panel().take(rows)
    named = dict(zip(COLUMNS, panel.X.T, strict=True))
    every = {name: np.exp((x - x.mean()) / x.std()) for name, x in named.items()}
    unknown = [name for name in step.inputs if name not in every]
    if unknown:
        raise Broken(f"asks for '{unknown[0]}': give it columns of the panel, {', '.join(COLUMNS)}")
    columns = {name: every[name] for name in step.inputs}
    calendar = Calendar(panel.entity.codes, panel.period, {label: int(label) for label in panel.time.labels})
    found = unchanged(columns, lambda given: _column(step, given, calendar))
    return require_column(found, panel.n_obs, what=f"'{step.into}'")


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
