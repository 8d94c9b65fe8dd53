"""What depends on what columns hold, replaced by columns of the table and steps of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pandas as pd

from harness.arrays import Key
from harness.data.data_spec import MOST_LEVELS, DataSpec, Roles
from harness.data.messages import (
    Account,
    RowLocator,
    StepRecord,
    describe_column,
    few,
    quoted,
    require_columns,
)
from harness.data.name import exposure_columns
from harness.data.prepare.step import Step, StepGroup, TableColumns, TableStep, single_steps
from harness.data.prepare.table_steps import Expanded, Recode, indicators, rows_by_level
from harness.data.read.number_text import NUMBER
from harness.data.read.source import Table
from harness.data.shape.rows import group_label, read_groups, select_rows
from harness.errors import DataError
from harness.language import Coded, marked


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
    is_known = set(spec.rows) <= set(table.frame.columns)  # else the builder tells with all that is wrong
    if not is_known or not (has_steps or has_levels(table.frame, roles)):
        return ExpandedStudy(table, spec, roles, {})
    locator = RowLocator(table.origin, table.frame, roles.entity, roles.time)
    kept = select_rows(locator, spec.rows, frozenset(spec.missing_values))
    making = _Making(replace(table, frame=table.frame[kept].copy()), spec, roles)
    for at, step in enumerate(spec.prepare):
        if isinstance(step, TableStep):
            making.expand(step, f"data.prepare[{at}].{step.name}")
        else:
            making.prepare.append(step)
    making.expand_exposure()
    made = replace(making.table, records=(*table.records, *making.records))
    # Which periods are kept stays known: those that the spec names are no mistakes.
    of_time = spec.rows.get(roles.time)
    rows = {roles.time: replace(of_time, include=(), exclude=())} if of_time and of_time.has_range else {}
    rest = replace(spec, rows=rows, prepare=tuple(making.prepare))
    return ExpandedStudy(made, rest, making.roles, making.labels)


@dataclass(eq=False)
class _Making:
    """Columns and steps as they are made, one step after the other.

    Attributes
    ----------
    table : with the columns made so far, in a frame of its own
    spec : with the rules of columns, which order the groups
    roles : of columns; names that stand for several columns are replaced last
    prepare : the steps of numbers that run afterwards
    records : what was made
    stands_for : columns, by the name that stands for them
    labels : of columns that were made, as `ExpandedStudy` has them
    """

    table: Table
    spec: DataSpec
    roles: Roles
    prepare: list[Step | StepGroup] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    stands_for: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)

    def expand(self, step: TableStep, path: str) -> None:
        """Make the columns of a step that depends on what columns hold, and take what runs in its place."""
        frame = self.table.frame
        prepared = [part.into for kept in self.prepare for part in single_steps(kept)]
        requested = [(path, name) for name in step.inputs if name not in prepared]
        remedy = marked("correct the name, or prepare the column before")
        require_columns(requested, frame.columns, origin=self.table.origin, remedy=remedy)
        numbers = [
            name for name in step.inputs if name not in frame or pd.api.types.is_numeric_dtype(frame[name])
        ]
        made = [name for name in step.grouped if name not in frame]
        if made:
            where = describe_column(made[0], origin=self.table.origin, option=path)
            what = marked("a prepared column has no groups")
            hint = marked("name the column that it is prepared from")
            raise DataError.at(where, what, marked("a column of the table"), hint)
        groups = {name: self._groups(name) for name in step.grouped}
        found = step.expand(TableColumns(groups, numbers))
        own = step.of if isinstance(step, Recode) else None
        taken = [name for name in found.columns if name in frame and "=" not in name and name != own]
        if taken:
            where = describe_column(taken[0], origin=self.table.origin, option=path)
            what = marked("there is a column of this name already")
            hint = marked("name the prepared column otherwise")
            raise DataError.at(where, what, marked("a new name"), hint)
        self._add(found.columns)
        for name in found.columns:
            column, mark, level = name.partition("=")
            self.labels |= {name: (column, level)} if mark else {}
        self.prepare.append(cast("StepGroup", Expanded(step.name, found.steps)))
        if found.stands_for != (step.into,):
            self.stands_for[step.into] = found.stands_for
        if found.detail:
            self.records.append(StepRecord(step.name, step.into, step.inputs, Account(found.detail)))

    def expand_exposure(self) -> None:
        """Replace names that stand for columns, and an exposure with levels, by the columns."""
        self.roles = _with_columns(self.roles, self.stands_for)
        exposure = self.roles.exposure
        if not has_levels(self.table.frame, self.roles):
            return
        groups = self._groups(exposure)
        levels = find_levels(groups, self.roles, origin=self.table.origin)
        base, *others = levels
        made, _ = indicators(groups, base, step="levels")
        names = exposure_columns(exposure, levels)
        self._add({name: made[name] for name in names})
        self.roles = replace(self.roles, levels=levels)
        self.labels |= {name: (exposure, level) for name, level in zip(names, others, strict=True)}
        counted = rows_by_level(groups)
        shown = few([f"{level} {counted[level]}" for level in others])
        template = marked("rows: {base} {counted} (base), {shown}")
        detail = Coded(template, base=base, counted=counted[base], shown=shown)
        self.records.append(StepRecord("levels", exposure, (exposure,), Account(detail)))

    def _add(self, columns: Mapping[str, pd.Series]) -> None:
        for name, column in columns.items():
            self.table.frame[name] = column.set_axis(self.table.frame.index)
        labels = self.table.labels
        kept = {name: codes for name, codes in labels.codes.items() if name not in columns}
        self.table = replace(self.table, labels=replace(labels, codes=kept))

    def _groups(self, name: str) -> Key:
        """Return the groups of the rows by a column; a row whose cell is missing has code -1."""
        frame = self.table.frame
        present = frame[name].notna().to_numpy(dtype=np.bool_)
        codes = np.full(present.size, -1, dtype=np.int64)
        if not present.any():
            return Key(name, (), codes)
        rows = RowLocator(self.table.origin, frame, self.roles.entity, self.roles.time).take(present)
        (key,) = read_groups(rows, [name], self.spec.schema)
        codes[present] = key.codes
        return Key(name, key.labels, codes)


def _with_columns(roles: Roles, stands_for: Mapping[str, Sequence[str]]) -> Roles:
    """Return the roles with each name among the controls replaced by the columns that it stands for."""
    several = [name for name in (roles.exposure, *roles.outcomes, *roles.moderators) if name in stands_for]
    if several:
        name, columns = several[0], stands_for[several[0]]
        what = Coded("stands for {n} columns: {columns}", n=len(columns), columns=few(columns))
        expected = marked("one column; among the controls a name may stand for several")
        hint = marked("name one of the columns, or use the column for groups: use: heterogeneity, by")
        if name == roles.exposure:
            hint = marked("leave the step out and list the values, the base first, under roles.levels")
        raise DataError.at(describe_column(name, option=roles.path_of(name)), what, expected, hint)
    controls = [column for name in roles.controls for column in stands_for.get(name, (name,))]
    return replace(roles, controls=tuple(dict.fromkeys(controls)))


def has_levels(frame: pd.DataFrame, roles: Roles) -> bool:
    """Return whether the exposure is categorical: the roles list its levels, or all its cells are texts.

    Texts that are written like numbers are none of a category.
    """
    if roles.exposure not in frame.columns or roles.levels:
        return roles.exposure in frame.columns
    cells = frame[roles.exposure].dropna().unique().tolist()
    return bool(cells) and all(isinstance(cell, str) and not NUMBER.fullmatch(cell) for cell in cells)


def find_levels(groups: Key, roles: Roles, *, origin: str) -> tuple[str, ...]:
    """Return the levels of an exposure, those that the roles list or else those of the data in their order.

    Parameters
    ----------
    groups : the exposure's
    origin : of the data, for messages

    Raises
    ------
    DataError
        Where the roles' levels are not those of the data, or there are too few or too many.
    """
    if not 2 <= len(groups.labels) <= MOST_LEVELS:
        where = describe_column(groups.name, origin=origin, option="roles.exposure")
        what = marked("{n} different texts: {list}")
        if len(groups.labels) == 1:
            what = marked("a single text, {list}: one is no comparison")
        what = Coded(what, n=len(groups.labels), list=quoted(list(groups.labels)))
        hint = marked("put several texts into one by the step recode, or name another exposure")
        raise DataError.at(
            where, what, Coded("numbers, or from 2 to {most_levels} texts", most_levels=MOST_LEVELS), hint
        )
    listed = [group_label(level) for level in roles.levels] or list(groups.labels)
    unknown = [level for level in listed if level not in groups.labels]
    unlisted = [level for level in groups.labels if level not in listed]
    if unknown or unlisted:
        what = (
            Coded("no row has {unknown}", unknown=quoted(unknown))
            if unknown
            else Coded("some rows have {unlisted}", unlisted=quoted(unlisted))
        )
        what = Coded("{what}, against the levels that are listed", what=what)
        hint = marked("list all levels of the exposure, the base first")
        where = describe_column(groups.name, origin=origin, option="roles.levels")
        raise DataError.at(where, what, few(list(groups.labels)), hint)
    return tuple(listed)
