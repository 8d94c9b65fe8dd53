"""The table of variables: what each is, how it was prepared, and its moments; grouped by role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.report.reading.rows import VariableRow
from harness.report.reading.run import Run
from harness.report.words.digits import count, significant

ROLES: Mapping[str, str] = {
    "outcome": "Outcomes",
    "exposure": "Exposure",
    "moderator": "Moderators",
    "control": "Controls",
}
"""Headings of the groups, in their order; a role that is not here has its own name as heading."""


@dataclass(frozen=True)
class VariableTableRow:
    """One variable in words; `prepared` names the steps that made it, and is empty for a raw column."""

    label: str
    name: str
    unit: str
    prepared: str
    n_obs: str
    mean: str
    sd: str
    sd_within: str
    sd_between: str
    low: str
    high: str


@dataclass(frozen=True)
class VariableGroup:
    """The variables of one role."""

    heading: str
    rows: tuple[VariableTableRow, ...]


@dataclass(frozen=True)
class Preparation:
    """One step in words."""

    into: str
    step: str
    inputs: str
    detail: str


def variable_table(run: Run) -> tuple[VariableGroup, ...]:
    """Return the variables by role, in the order of the study."""
    roles = [*ROLES, *dict.fromkeys(row.role for row in run.variables if row.role not in ROLES)]
    groups = (
        VariableGroup(
            ROLES.get(role, role), tuple(_row(run, row) for row in run.variables if row.role == role)
        )
        for role in roles
    )
    return tuple(group for group in groups if group.rows)


def _row(run: Run, row: VariableRow) -> VariableTableRow:
    study = run.manifest.study
    steps = dict.fromkeys(one.step for one in run.preparation if one.into == row.variable)
    return VariableTableRow(
        label=study.label(row.variable),
        name=row.variable,
        unit=study.unit(row.variable),
        prepared=", ".join(steps),
        n_obs=count(row.n),
        mean=significant(row.mean),
        sd=significant(row.sd),
        sd_within=significant(row.sd_within),
        sd_between=significant(row.sd_between),
        low=significant(row.min),
        high=significant(row.max),
    )


def preparation_table(run: Run) -> tuple[Preparation, ...]:
    """Return the steps in the order in which they ran."""
    study = run.manifest.study
    return tuple(
        Preparation(study.label(one.into), one.step, one.inputs, one.detail) for one in run.preparation
    )
