"""What depends on what columns hold, replaced by columns of the table and steps of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from harness.data.data_spec import DataSpec
from harness.data.exposure_levels import find_levels, has_levels
from harness.data.locations import RowLocator, few
from harness.data.name import near_columns
from harness.data.prepare.account import Account, StepRecord
from harness.data.prepare.step import Step, StepGroup, single_steps
from harness.data.prepare.table_step import Expanded, Groups, TableColumns, TableStep
from harness.data.read.table import Table
from harness.data.roles import Roles
from harness.data.rules import ColumnRule
from harness.data.shape.groups import read_groups
from harness.data.shape.row_filter import select_rows
from harness.errors import DataError, Problem


@dataclass(frozen=True, eq=False)
class ExpandedStudy:
    """Table, preparation and roles without anything that depends on what columns hold.

    Attributes
    ----------
    labels : of columns that were made, by name, as the column and the level that they are made of
    """

    table: Table
    spec: DataSpec
    roles: Roles
    labels: Mapping[str, tuple[str, str]]


def expand(table: Table, spec: DataSpec, roles: Roles) -> ExpandedStudy:
    """Return the table with the columns that such steps make, and what runs in their place.

    An exposure of texts, or one whose levels the roles list, gets a column for each level but the base.

    Rows are selected first, so that levels are those of the rows that are kept.

    Raises
    ------
    DataError
        Where a step lacks a column, or the column does not hold what it needs.
    """
    has_steps = any(isinstance(step, TableStep) for step in spec.prepare)
    if not has_steps and not has_levels(table.frame, roles):
        return ExpandedStudy(table, spec, roles, {})
    locator = RowLocator(table.origin, table.frame, roles.entity, roles.time)
    unknown = [name for name in spec.rows if name not in table.frame.columns]
    if unknown:
        return ExpandedStudy(table, spec, roles, {})  # which the builder tells with all that is wrong
    kept = select_rows(locator, spec.rows, frozenset(spec.missing_values))
    table = replace(table, frame=table.frame[kept])
    frame = table.frame.copy()
    prepare: list[Step | StepGroup] = []
    records = []
    stands_for: dict[str, tuple[str, ...]] = {}
    labels: dict[str, tuple[str, str]] = {}
    numbers: set[str] = set()
    for at, step in enumerate(spec.prepare):
        if not isinstance(step, TableStep):
            prepare.append(step)
            numbers |= {part.into for part in single_steps(step)}
            continue
        place = f"data.prepare[{at}].{step.name}"
        columns = _columns(step, replace(table, frame=frame), spec.schema, roles, numbers, place)
        found = step.expand(columns)
        taken = [name for name in found.columns if name in frame.columns and "=" not in name]
        if taken:
            what, hint = "there is a column of this name already", "name the prepared column otherwise"
            raise DataError(
                Problem(f"{table.origin}: column '{taken[0]}' ({place})", what, "a new name", hint)
            )
        for name, column in found.columns.items():
            frame[name] = column.set_axis(frame.index)
            labels |= {name: (name.partition("=")[0], name.partition("=")[2])} if "=" in name else {}
        prepare.append(cast("StepGroup", Expanded(step.name, found.steps)))
        numbers |= {part.into for part in found.steps}
        if found.stands_for != (step.into,):
            stands_for[step.into] = found.stands_for
        if found.detail:
            records.append(StepRecord(step.name, step.into, step.inputs, Account(found.detail)))
    roles = _with_columns(roles, stands_for)
    if has_levels(frame, roles):
        locator = RowLocator(table.origin, frame, roles.entity, roles.time)
        groups = _groups(locator, roles.exposure, spec.schema, table.labels.numbers)
        levels = find_levels(groups, roles, origin=table.origin)
        for name, column in levels.columns.items():
            frame[name] = column.set_axis(frame.index)
        roles, labels = levels.roles, labels | dict(levels.labels)
        records.append(levels.record)
    return ExpandedStudy(
        replace(table, frame=frame, records=(*table.records, *records)),
        replace(spec, rows={}, prepare=tuple(prepare)),
        roles,
        labels,
    )


def _columns(
    step: TableStep,
    table: Table,
    schema: Mapping[str, ColumnRule],
    roles: Roles,
    numbers: set[str],
    place: str,
) -> TableColumns:
    frame = table.frame
    locator = RowLocator(table.origin, frame, roles.entity, roles.time)
    absent = [name for name in step.inputs if name not in frame.columns and name not in numbers]
    if absent:
        hint = near_columns(absent[0], frame.columns) or "correct the name, or prepare the column before"
        where = f"{table.origin}: column '{absent[0]}' ({place})"
        raise DataError(Problem(where, "there is no such column", few(list(frame.columns)), hint))
    is_number = {
        name: name not in frame.columns or pd.api.types.is_numeric_dtype(frame[name]) for name in step.inputs
    }
    grouped = [name for name in step.grouped if name in frame.columns]
    groups = {name: _groups(locator, name, schema, table.labels.numbers) for name in grouped}
    return TableColumns(frame, groups, is_number)


def _groups(
    locator: RowLocator,
    name: str,
    schema: Mapping[str, ColumnRule],
    labels: Mapping[str, Mapping[float, str]],
) -> Groups:
    present = locator.frame[name].notna().to_numpy(dtype=np.bool_)
    codes = np.full(present.size, -1, dtype=np.int64)
    if not present.any():
        return Groups(name, (), codes.tolist())
    (key,) = read_groups(locator.take(present), [name], schema, labels=labels)
    codes[present] = key.codes
    return Groups(name, key.labels, codes.tolist())


def _with_columns(roles: Roles, stands_for: Mapping[str, Sequence[str]]) -> Roles:
    """Return the roles with each name among the controls replaced by the columns that it stands for."""
    several = [name for name in (roles.exposure, *roles.outcomes, *roles.moderators) if name in stands_for]
    if several:
        raise DataError(
            Problem(
                where=f"column '{several[0]}' ({roles.path_of(several[0])})",
                what=f"stands for {len(stands_for[several[0]])} columns: {few(stands_for[several[0]])}",
                expected="one column; among the controls a name may stand for several",
                hint="leave the step out and list the values, the base first, under roles.levels"
                if several[0] == roles.exposure
                else "name one of the columns, or use the column for groups: use: heterogeneity, by",
            )
        )
    controls = [column for name in roles.controls for column in stands_for.get(name, (name,))]
    return replace(roles, controls=tuple(dict.fromkeys(controls)))
