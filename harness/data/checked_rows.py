"""The columns a spec asks for, looked up before anything is computed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.data_spec import DataSpec
from harness.data.derived_columns import DerivedColumn, find_derived
from harness.data.key import Key
from harness.data.messages import ProblemCollector, RowLocator, few
from harness.data.name import near_columns
from harness.data.prepare.panel_steps import FillGaps
from harness.data.prepare.pipeline import ancestors, needed_steps, raw_columns, run_steps
from harness.data.prepare.row_steps import named_classes
from harness.data.prepare.step import Calendar, Column, LearnedStep, Step, single_steps
from harness.data.read.contiguity import match_notes
from harness.data.read.numbers import cast_note, require_numbers
from harness.data.read.table import Table
from harness.data.roles import Roles
from harness.data.rules import ColumnRule, Constant
from harness.data.schema import check_panel, check_schema
from harness.data.shape.complete import find_complete, require_complete
from harness.data.shape.groups import read_groups
from harness.data.shape.panel_index import PanelIndex, read_index
from harness.data.shape.row_filter import select_rows
from harness.data.user_schema import UserSchema, check_user_schema
from harness.errors import DataError, Problem
from harness.tables.preparation import Note


def require_columns(table: Table, spec: DataSpec, roles: Roles) -> None:
    """Check that every column asked for is in the table or made by a step before it is used.

    Raises
    ------
    DataError
        With every column that is not there, and every step that would overwrite one.
    """
    problems = ProblemCollector()
    known = dict.fromkeys(table.frame.columns)
    for path, column in _asked_of_table(spec, roles):
        problems.add(*_absent(path, column, known, table.origin))
    for path, step in _steps(spec):
        for column in step.inputs:
            problems.add(*_absent(path, column, known, table.origin))
        if step.into in known and not isinstance(step, FillGaps):
            problems.add(
                Problem(
                    where=f"{table.origin}: column '{step.into}' ({path}.into)",
                    what="there is a column of this name already",
                    expected="a new name",
                    hint="name the prepared column otherwise, and use that name in the roles",
                )
            )
        known[step.into] = None
    for path, column in _asked_of_all(spec, roles):
        problems.add(*_absent(path, column, known, table.origin))
    problems.raise_if_any()


def _steps(spec: DataSpec) -> Iterator[tuple[str, Step]]:
    for at, written in enumerate(spec.prepare):
        for step in single_steps(written):
            yield f"data.prepare[{at}].{written.name}", step


def _asked_of_table(spec: DataSpec, roles: Roles) -> Iterator[tuple[str, str]]:
    yield "roles.entity", roles.entity
    yield "roles.time", roles.time
    yield from (("data.rows", column) for column in spec.rows)


def _asked_of_all(spec: DataSpec, roles: Roles) -> Iterator[tuple[str, str]]:
    yield from ((roles.path_of(column), column) for column in roles.variables)
    yield from ((f"data.schema.{column}", column) for column in spec.schema)
    for at, check in enumerate(spec.checks):
        yield from ((f"data.checks[{at}]", column) for column in check.columns)


_CORRECT = "correct the name, or prepare the column before it is used"
_OF_PERIOD = re.compile(r"(?P<variable>.*?)(?P<between>[_. -]?)(?P<year>(?:19|20)[0-9]{2})(?P<end>年?)")


def _side_by_side(known: Iterable[str]) -> str:
    """Return what to do where columns are those of several years; empty where they are not."""
    found = [match for name in known if (match := _OF_PERIOD.fullmatch(name))]
    if len({match["year"] for match in found}) < 2:
        return ""
    shown = few([match[0] for match in found])
    first = found[0]
    if first["variable"]:
        pattern, into = f"{{variable}}{first['between']}{{period}}{first['end']}", ""
    else:
        pattern, into = f"{{period}}{first['end']}", ", into: NAME OF THE VARIABLE"
    return f'the years stand side by side ({shown}): data: reshape: {{columns: "{pattern}"{into}}}'


def _absent(path: str, column: str, known: dict[str, None], origin: str) -> list[Problem]:
    if column in known:
        return []
    return [
        Problem(
            where=f"{origin}: column '{column}' ({path})",
            what="there is no such column",
            expected=few(list(known)),
            hint=near_columns(column, known) or _side_by_side(known) or _CORRECT,
        )
    ]


def read_raw(
    locator: RowLocator, columns: Iterable[str], missing: frozenset[str], problems: ProblemCollector
) -> dict[str, Floats]:
    """Return the columns that hold numbers throughout, (n_obs,) each; the others are reported."""
    raw = {}
    for column in columns:
        with problems.collecting():
            raw[column] = require_numbers(locator.frame[column], missing, name=column, locator=locator)
    return raw


def check_columns(
    raw: Mapping[str, Floats],
    spec: DataSpec,
    roles: Roles,
    *,
    calendar: Calendar | None,
    locator: RowLocator,
    problems: ProblemCollector,
    user_schema: UserSchema | None = None,
) -> Mapping[str, Column]:
    """Run all steps, check the schema, and look for missing cells; return the columns there are.

    Parameters
    ----------
    raw : by name, (n_obs,) each
    calendar : of the rows; None where their keys are broken
    locator : of the rows
    problems : where every broken law is reported
    user_schema : of the user's own, checked as well
    """
    everywhere = np.arange(len(locator.frame))
    columns = run_steps(
        raw, spec.steps, calendar=calendar, fit_rows=everywhere, locator=locator, problems=problems
    ).columns
    with problems.collecting():
        _check_rules(columns, spec, roles, locator)
    if user_schema is not None:
        with problems.collecting():
            check_user_schema(user_schema, _asked_by_user(columns, user_schema, locator), locator)
    if calendar is not None and spec.checks:
        with problems.collecting():
            check_panel(spec.checks, _checked(columns, spec, locator), calendar, locator)
    with problems.collecting():
        variables = [name for name in roles.variables if name in columns]
        require_complete(find_complete(columns, variables), spec.missing, locator)
    with problems.collecting():
        if roles.weights in columns:
            locator.refuse(
                *(str(roles.weights), columns[str(roles.weights)].cells <= 0),
                *("weights are zero or negative", "numbers above zero"),
                hint="leave such rows out under data.rows, or name another column",
                option="roles.weights",
            )
    for part, name in zip(_DEGREES, roles.coordinates, strict=False):
        if name in columns:
            low, high = _DEGREES[part]
            with problems.collecting():
                locator.refuse(
                    *(name, (columns[name].cells < low) | (columns[name].cells > high)),
                    *(f"values are no {part} in degrees", f"numbers from {low:g} to {high:g}"),
                    hint="turn projected coordinates into degrees, or name another column",
                    option=f"roles.{part}",
                )
    return columns


_DEGREES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 360.0)}


def _asked_by_user(columns: Mapping[str, Column], schema: UserSchema, locator: RowLocator) -> pd.DataFrame:
    """Return the columns of a user's schema, raw or prepared, that there are."""
    asked = dict.fromkeys((*schema.columns, *schema.unique))
    raw = {name: locator.frame[name].reset_index(drop=True) for name in asked if name in locator.frame}
    made = {name: pd.Series(columns[name].cells) for name in asked if name in columns}
    return pd.DataFrame(made | raw)


def _checked(columns: Mapping[str, Column], spec: DataSpec, locator: RowLocator) -> dict[str, pd.Series]:
    """Return the columns that panel checks look at: cells as they are, and numbers that are added."""
    numbers = {name: pd.Series(columns[name].cells) for name in spec.checked_numbers if name in columns}
    cells = {check.column: check.column for check in spec.checks if isinstance(check, Constant)}
    raw = {name: locator.frame[name].reset_index(drop=True) for name in cells if name in locator.frame}
    made = {name: pd.Series(columns[name].cells) for name in cells if name in columns}
    return made | raw | numbers


def _check_rules(columns: Mapping[str, Column], spec: DataSpec, roles: Roles, locator: RowLocator) -> None:
    """Check the schema's columns, of which a prepared one may have failed and be absent."""
    in_table = set(locator.frame.columns)
    rules = {name: rule for name, rule in spec.schema.items() if name in columns or name in in_table}
    if not rules:
        return
    classes = {name: named.astype(object) for name, named in named_classes(spec.steps, columns).items()}
    made = {name: classes.get(name, columns[name].cells) for name in rules if name not in in_table}
    checked = pd.DataFrame(
        {name: made[name] if name in made else locator.frame[name] for name in rules},
        index=locator.frame.index,
    )
    check_schema(checked, _without_missing_cells(rules, spec, roles), locator, frozenset(spec.missing_values))


def _without_missing_cells(
    rules: Mapping[str, ColumnRule], spec: DataSpec, roles: Roles
) -> dict[str, ColumnRule]:
    """Return the rules, with missing cells allowed where `DataSpec.missing` decides about them."""
    decided = {roles.entity, roles.time, *roles.variables}
    decided |= {source for name in roles.variables for source in ancestors(spec.steps, name)}
    return {
        name: replace(rule, missing_ok=rule.missing_ok or name in decided) for name, rule in rules.items()
    }


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
            raise DataError.at(
                where=f"column '{name}' (data.prepare, {learned[0].name})",
                what="depends on the rows it is learned from, so that groups by it would differ by fold",
                expected="groups that a row has whatever rows are learned from",
                hint="group by classes of a raw column",
            )
