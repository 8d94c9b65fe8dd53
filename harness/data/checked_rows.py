"""The rows of a study's table, checked and put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.checks import check_columns, read_raw
from harness.data.data_spec import DataSpec
from harness.data.derived_columns import DerivedColumn, find_derived
from harness.data.key import Key
from harness.data.locations import RowLocator
from harness.data.note import Note
from harness.data.prepare.classes import named_classes
from harness.data.prepare.pipeline import needed_steps, raw_columns
from harness.data.prepare.step import Calendar, Column, LearnedStep
from harness.data.problems import ProblemCollector
from harness.data.read.contiguity import match_notes
from harness.data.read.numbers import cast_note
from harness.data.read.table import Table
from harness.data.required_columns import require_columns
from harness.data.roles import Roles
from harness.data.shape.groups import read_groups
from harness.data.shape.panel_index import PanelIndex, read_index
from harness.data.shape.row_filter import select_rows
from harness.data.user_schema import UserSchema
from harness.errors import DataError, Problem


@dataclass(frozen=True, eq=False)
class CheckedRows:
    """Rows that keep all laws, in canonical order; some cells may be missing.

    Attributes
    ----------
    locator : of the rows, for messages
    raw : columns that steps start from, (n_raw,) each, NaN where a cell is missing
    columns : these and what steps make of them
    index : entities and periods
    calendar : of the rows
    groups : keys that sort rows into groups
    derived : regressors that follow from other regressors
    notes : what the reader of the report should know about them
    """

    locator: RowLocator
    raw: Mapping[str, Floats]
    columns: Mapping[str, Column]
    index: PanelIndex
    calendar: Calendar
    groups: tuple[Key, ...]
    derived: tuple[DerivedColumn, ...]
    notes: tuple[Note, ...]


def checked_rows(
    table: Table, spec: DataSpec, roles: Roles, *, groups: Sequence[str], user_schema: UserSchema | None
) -> CheckedRows:
    """Return the rows of a table that the spec selects.

    Parameters
    ----------
    groups : columns that sort rows into groups
    user_schema : that ``data.schema_file`` names

    Raises
    ------
    DataError
        With every broken law: columns, rows, keys, numbers, steps, schema, missing cells.
    """
    require_columns(table, spec, roles)
    missing = frozenset(spec.missing_values)
    locator = RowLocator(table.origin, table.frame, roles.entity, roles.time)
    if spec.rows:
        locator = locator.take(select_rows(locator, spec.rows, missing))
    problems = ProblemCollector()
    derived = find_derived(roles, spec.steps, problems)
    wanted = raw_columns(spec.steps, [*roles.variables, *spec.checked_numbers])
    raw = read_raw(locator, wanted, missing, problems)
    try:
        index = read_index(locator)
    except DataError as error:
        # What is wrong with the columns is told along with the keys.
        check_columns(raw, spec, roles, calendar=None, locator=locator, problems=problems)
        problems.add(*error.problems)
        raise problems.error() from error
    # Large panels mostly stand in order, and are held once.
    if not np.array_equal(index.order, np.arange(index.order.size)):
        locator = locator.take(index.order)
        raw = {name: values[index.order] for name, values in raw.items()}
    near, beside = table.contiguity, tuple[Note, ...]()
    links = None if near is None else near.links(index.entity, index.period)
    calendar = Calendar(index.entity.codes, index.period, index.positions, links)
    with problems.collecting():
        beside = () if near is None else match_notes(near, index.entity.labels)
    columns = check_columns(
        *(raw, spec, roles), calendar=calendar, locator=locator, problems=problems, user_schema=user_schema
    )
    keys: tuple[Key, ...] = ()
    with problems.collecting():
        _refuse_learned(groups, spec)
        keys = _group_keys(groups, spec, table, locator, columns)
    problems.raise_if_any()
    casts = (cast_note(locator.frame[name], name=name) for name in raw)
    told = (*table.notes, *index.notes, *filter(None, casts), *beside, *derived.notes)
    return CheckedRows(locator, raw, columns, index, calendar, keys, derived.columns, told)


def _group_keys(
    names: Sequence[str], spec: DataSpec, table: Table, locator: RowLocator, columns: Mapping[str, Column]
) -> tuple[Key, ...]:
    """Return the groups of all rows by some columns, prepared ones among them."""
    made = [name for name in names if name in columns and name not in locator.frame.columns]
    prepared = {name: pd.Series(columns[name].cells, index=locator.frame.index) for name in made}
    classes = prepared | named_classes(spec.steps, columns)
    return read_groups(locator, names, spec.schema, classes=classes, labels=table.labels.numbers)


def _refuse_learned(names: Sequence[str], spec: DataSpec) -> None:
    """Refuse groups by a column that is another on other rows to learn from."""
    for name in names:
        learned = [step for step in needed_steps(spec.steps, [name]) if isinstance(step, LearnedStep)]
        if learned:
            raise DataError(
                Problem(
                    where=f"column '{name}' (data.prepare, {learned[0].name})",
                    what="depends on the rows it is learned from, so that groups by it would differ by fold",
                    expected="groups that a row has whatever rows are learned from",
                    hint="group by classes of a raw column",
                )
            )
