"""What depends on what columns hold, replaced by columns of the table and steps of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pandas as pd

from harness.data.data_spec import DataSpec
from harness.data.messages import Account, RowLocator, StepRecord, few, quoted
from harness.data.name import exposure_columns, near_columns
from harness.data.prepare.step import Step, StepGroup, single_steps
from harness.data.prepare.table_step import Expanded, Groups, TableColumns, TableStep, indicators
from harness.data.read.number_text import NUMBER
from harness.data.read.table import Table
from harness.data.roles import MOST_LEVELS, Roles
from harness.data.rules import ColumnRule
from harness.data.shape.groups import read_groups
from harness.data.shape.row_filter import select_rows
from harness.errors import DataError
from harness.language import Message


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
    making = _Making(replace(table, frame=table.frame[kept].copy()), spec.schema, roles)
    for at, step in enumerate(spec.prepare):
        if isinstance(step, TableStep):
            making.expand(step, f"data.prepare[{at}].{step.name}")
        else:
            making.keep(step)
    making.expand_exposure()
    made = replace(making.table, records=(*table.records, *making.records))
    rest = replace(spec, rows={}, prepare=tuple(making.prepare))
    return ExpandedStudy(made, rest, making.roles, making.labels)


@dataclass(eq=False)
class _Making:
    """Columns and steps as they are made, one step after the other.

    Attributes
    ----------
    table : with the columns made so far, in a frame of its own
    schema : rules of columns
    roles : of columns; names that stand for several columns are replaced last
    prepare : the steps of numbers that run afterwards
    records : what was made
    stands_for : columns, by the name that stands for them
    labels : of columns that were made, as `ExpandedStudy` has them
    numbers : columns that the steps of numbers make
    """

    table: Table
    schema: Mapping[str, ColumnRule]
    roles: Roles
    prepare: list[Step | StepGroup] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    stands_for: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)

    @property
    def locator(self) -> RowLocator:
        """Of the rows of the table."""
        return RowLocator(self.table.origin, self.table.frame, self.roles.entity, self.roles.time)

    def keep(self, step: Step | StepGroup) -> None:
        """Take a step of numbers as it is."""
        self.prepare.append(step)
        self.numbers |= {part.into for part in single_steps(step)}

    def expand(self, step: TableStep, place: str) -> None:
        """Make the columns of a step that depends on what columns hold, and take what runs in its place."""
        found = step.expand(self._columns(step, place))
        taken = [name for name in found.columns if name in self.table.frame.columns and "=" not in name]
        if taken:
            where = f"{self.table.origin}: column '{taken[0]}' ({place})"
            what, hint = "there is a column of this name already", "name the prepared column otherwise"
            raise DataError.at(where, what, "a new name", hint)
        self._add(found.columns)
        for name in found.columns:
            self.labels |= {name: (name.partition("=")[0], name.partition("=")[2])} if "=" in name else {}
        self.keep(cast("StepGroup", Expanded(step.name, found.steps)))
        if found.stands_for != (step.into,):
            self.stands_for[step.into] = found.stands_for
        if found.detail:
            self.records.append(StepRecord(step.name, step.into, step.inputs, Account(found.detail)))

    def expand_exposure(self) -> None:
        """Put columns in the place of names that stand for them, and of an exposure with levels."""
        self.roles = _with_columns(self.roles, self.stands_for)
        if has_levels(self.table.frame, self.roles):
            groups = self._groups(self.roles.exposure)
            levels = find_levels(groups, self.roles, origin=self.table.origin)
            self._add(levels.columns)
            self.roles = levels.roles
            self.labels |= levels.labels
            self.records.append(levels.record)

    def _add(self, columns: Mapping[str, pd.Series]) -> None:
        frame = self.table.frame
        for name, column in columns.items():
            frame[name] = column.set_axis(frame.index)

    def _columns(self, step: TableStep, place: str) -> TableColumns:
        """Return what a step may look at."""
        frame = self.table.frame
        absent = [name for name in step.inputs if name not in frame.columns and name not in self.numbers]
        if absent:
            hint = near_columns(absent[0], frame.columns) or "correct the name, or prepare the column before"
            where = f"{self.table.origin}: column '{absent[0]}' ({place})"
            raise DataError.at(where, "there is no such column", few(list(frame.columns)), hint)
        is_number = {
            name: name not in frame.columns or pd.api.types.is_numeric_dtype(frame[name])
            for name in step.inputs
        }
        groups = {name: self._groups(name) for name in step.grouped if name in frame.columns}
        return TableColumns(frame, groups, is_number)

    def _groups(self, name: str) -> Groups:
        """Return the groups of the rows by a column; a row whose cell is missing has none."""
        present = self.table.frame[name].notna().to_numpy(dtype=np.bool_)
        codes = np.full(present.size, -1, dtype=np.int64)
        if not present.any():
            return Groups(name, (), codes.tolist())
        rows, labels = self.locator.take(present), self.table.labels.numbers
        (key,) = read_groups(rows, [name], self.schema, labels=labels)
        codes[present] = key.codes
        return Groups(name, key.labels, codes.tolist())


def _with_columns(roles: Roles, stands_for: Mapping[str, Sequence[str]]) -> Roles:
    """Return the roles with each name among the controls replaced by the columns that it stands for."""
    several = [name for name in (roles.exposure, *roles.outcomes, *roles.moderators) if name in stands_for]
    if several:
        raise DataError.at(
            where=f"column '{several[0]}' ({roles.path_of(several[0])})",
            what=f"stands for {len(stands_for[several[0]])} columns: {few(stands_for[several[0]])}",
            expected="one column; among the controls a name may stand for several",
            hint="leave the step out and list the values, the base first, under roles.levels"
            if several[0] == roles.exposure
            else "name one of the columns, or use the column for groups: use: heterogeneity, by",
        )
    controls = [column for name in roles.controls for column in stands_for.get(name, (name,))]
    return replace(roles, controls=tuple(dict.fromkeys(controls)))


@dataclass(frozen=True, eq=False)
class ExposureLevels:
    """The levels of an exposure as columns of the table.

    Attributes
    ----------
    roles : with the levels, the base first
    columns : of 0 and 1, (n_obs,) each, by name; NaN where the exposure is missing
    record : how many rows each level has
    """

    roles: Roles
    columns: Mapping[str, pd.Series]
    record: StepRecord

    @property
    def labels(self) -> Mapping[str, tuple[str, str]]:
        """The exposure and the level that each column is of."""
        levels = zip(self.columns, self.roles.levels[1:], strict=True)
        return {name: (self.roles.exposure, str(level)) for name, level in levels}


def has_levels(frame: pd.DataFrame, roles: Roles) -> bool:
    """Return whether the exposure is no dose: the roles list its levels, or all its cells are texts."""
    return roles.exposure in frame.columns and (bool(roles.levels) or _is_text(frame[roles.exposure]))


def _is_text(column: pd.Series) -> bool:
    """Return whether a column holds texts alone, none of which is written like a number."""
    cells = column.dropna().unique().tolist()
    return bool(cells) and all(isinstance(cell, str) and not NUMBER.fullmatch(cell) for cell in cells)


def find_levels(groups: Groups, roles: Roles, *, origin: str) -> ExposureLevels:
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
    where = f"{origin}: column '{groups.name}' (roles.exposure)"
    if not 2 <= len(groups.labels) <= MOST_LEVELS:
        one = "" if len(groups.labels) > 1 else "; one is no comparison"
        raise DataError.at(
            where=where,
            what=f"{len(groups.labels)} different texts: {quoted(list(groups.labels))}{one}",
            expected=f"numbers, or from 2 to {MOST_LEVELS} texts",
            hint="put several texts into one by the step recode, or name another exposure",
        )
    listed = [_label(level) for level in roles.levels] or list(groups.labels)
    unknown = [level for level in listed if level not in groups.labels]
    unlisted = [level for level in groups.labels if level not in listed]
    if unknown or unlisted:
        what = f"no row has {quoted(unknown)}" if unknown else f"some rows have {quoted(unlisted)}"
        raise DataError.at(
            where=where.replace("roles.exposure", "roles.levels"),
            what=f"{what}, against the levels that are listed",
            expected=few(list(groups.labels)),
            hint="list all levels of the exposure, the base first",
        )
    made, _ = indicators(groups, listed[0], step="levels")
    columns = {name: made[name] for name in exposure_columns(roles.exposure, listed)}
    counted = dict(zip(groups.labels, groups.counts, strict=True))
    others = few([f"{level} {counted[level]}" for level in listed[1:]])
    detail = Message(
        "rows: {listed} {counted} (base), {others}",
        listed=listed[0],
        counted=counted[listed[0]],
        others=others,
    )
    return ExposureLevels(
        roles=replace(roles, levels=tuple(listed)),
        columns=columns,
        record=StepRecord("levels", roles.exposure, (roles.exposure,), Account(detail)),
    )


def _label(level: object) -> str:
    """Return a level as groups of rows are called."""
    is_whole = isinstance(level, float) and np.isfinite(level) and level.is_integer()
    return str(int(level)) if is_whole and isinstance(level, float) else str(level)
