"""What a table must hold, as its spec says: columns that are there, rules of columns and of rows, no gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace

import numpy as np
import pandas as pd

from harness.arrays import Floats, Mask
from harness.data.data_spec import VARIABLE, DataSpec
from harness.data.messages import ProblemCollector, RowLocator, absence, absent_columns, few, quoted
from harness.data.prepare.panel_steps import FillGaps
from harness.data.prepare.pipeline import ancestors, run_steps
from harness.data.prepare.row_steps import named_classes
from harness.data.prepare.step import Calendar, Column, Step, single_steps
from harness.data.read.numbers import require_numbers
from harness.data.read.source import Table
from harness.data.roles import Roles
from harness.data.rules import ColumnRule, Constant
from harness.data.shape.panel_notes import find_complete, missing_problems
from harness.data.shape.reshape import column_pattern
from harness.data.user_schema import UserSchema, user_schema_problems
from harness.errors import Problem


def require_all_columns(table: Table, spec: DataSpec, roles: Roles) -> None:
    """Check that every column asked for is in the table or made by a step before it is used.

    Raises
    ------
    DataError
        With all columns that are not there, and every step that would overwrite one.
    """
    problems, absent = ProblemCollector(), dict[str, tuple[str, str]]()
    known = dict.fromkeys(table.frame.columns)

    def require(options: Iterable[tuple[str, str]]) -> None:
        for name, found in absent_columns(options, known).items():
            absent.setdefault(name, found)

    require([("roles.entity", roles.entity), ("roles.time", roles.time)])
    require(("data.rows", column) for column in spec.rows)
    for path, step in _steps(spec):
        require((path, column) for column in step.inputs)
        if step.into in known and not isinstance(step, FillGaps):
            where = f"{table.origin}: column '{step.into}' ({path}.into)"
            hint = "name the prepared column otherwise, and use that name in the roles"
            problems.add(Problem(where, "there is a column of this name already", "a new name", hint))
        known[step.into] = None
    require((roles.path_of(column), column) for column in roles.variables)
    require((f"data.schema.{column}", column) for column in spec.schema)
    for at, check in enumerate(spec.checks):
        require((f"data.checks[{at}]", column) for column in check.columns)
    if absent:
        remedy = _side_by_side(table.frame.columns) or (
            "correct the name, rename the file's column (data: rename), or prepare it before it is used"
        )
        problems.add(absence(absent, table.frame.columns, origin=table.origin, remedy=remedy))
    problems.raise_if_any()


def _steps(spec: DataSpec) -> Iterator[tuple[str, Step]]:
    for at, written in enumerate(spec.prepare):
        for step in single_steps(written):
            yield f"data.prepare[{at}].{written.name}", step


def _side_by_side(known: Iterable[str]) -> str:
    """Return what to do where columns are those of several years; empty where they are not."""
    pattern, names = column_pattern(known)
    if pattern is None:
        return ""
    into = "" if VARIABLE in pattern else ", into: NAME OF THE VARIABLE"
    return f'the years stand side by side ({few(names)}): data: reshape: {{columns: "{pattern}"{into}}}'


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
    problems : where every violation is reported
    user_schema : of the user's own, checked as well
    """
    everywhere = np.arange(len(locator.frame))
    columns = run_steps(
        raw, spec.steps, calendar=calendar, fit_rows=everywhere, locator=locator, problems=problems
    ).columns
    if spec.schema:
        cells = columns_by_name(spec.schema, columns, spec.steps, locator)
        decided = _decided(spec, roles)
        missing = frozenset(spec.missing_values)
        for name in cells:
            own = spec.schema[name]
            rule = replace(own, missing_ok=own.missing_ok or name in decided)
            with problems.collecting():
                problems.add(*rule_problems(cells[name], rule, missing, name=name, locator=locator))
    if user_schema is not None:
        asked = dict.fromkeys((*user_schema.rules.columns, *(user_schema.rules.unique or ())))
        cells = columns_by_name(asked, columns, (), locator)
        problems.add(*user_schema_problems(user_schema, cells, locator))
    if calendar is not None and spec.checks:
        problems.add(*_panel_problems(spec, columns, calendar, locator))
    variables = [name for name in roles.variables if name in columns]
    problems.add(*missing_problems(find_complete(columns, variables), spec.missing, locator))
    problems.add(*_range_problems(columns, roles, locator))
    return columns


def columns_by_name(
    names: Iterable[str], columns: Mapping[str, Column], steps: Iterable[Step], locator: RowLocator
) -> dict[str, pd.Series]:
    """Return columns, (n_obs,) each, as the table has them, else as steps make them; others are left out.

    Parameters
    ----------
    names : of columns
    columns : that are numbers
    steps : those among them that make classes, which stand by their labels
    locator : of the rows
    """
    frame, classes = locator.frame, named_classes(steps, columns)
    return {
        name: frame[name]
        if name in frame
        else pd.Series(classes.get(name, columns[name].cells), index=frame.index)
        for name in names
        if name in frame or name in columns
    }


def _decided(spec: DataSpec, roles: Roles) -> Set[str]:
    """Return the columns in which `DataSpec.missing` decides about missing cells."""
    steps = spec.steps
    sources = {source for column in roles.variables for source in ancestors(steps, column)}
    return sources.union((roles.entity, roles.time), roles.variables)


def rule_problems(
    column: pd.Series, rule: ColumnRule, missing: frozenset[str], *, name: str, locator: RowLocator
) -> Iterator[Problem]:
    """Yield the parts of a rule that some cells of a column break; missing cells break one alone.

    Parameters
    ----------
    column : (n_obs,), raw or prepared
    missing : texts that stand for a missing number
    locator : of the rows

    Raises
    ------
    DataError
        Where the column must be numbers, and is not.
    """
    cells = column.astype(object)
    if rule.type == "boolean" or rule.is_of_numbers:
        cells = pd.Series(require_numbers(column, missing, name=name, locator=locator))
    absent, option = cells.isna().to_numpy(dtype=np.bool_), f"data.schema.{name}"
    if absent.any() and not rule.missing_ok:
        hint = "say missing_ok: true, or fill the cells in"
        yield locator.wrong(name, absent, "cells are missing", "no missing cell", hint, option=option)
    for fails, what, expected in _demands(cells, rule):
        wrong = fails & ~absent
        if wrong.any():
            hint = "correct the cells, leave the rows out by data.rows, or change the rule"
            found = f"cells {what}: {quoted(cells[wrong])}"
            yield locator.wrong(name, wrong, found, expected, hint, option=option)
    if rule.median is not None and not absent.all():
        median = float(np.median(cells[~absent].astype(np.float64)))
        if not rule.median[0] <= median <= rule.median[1]:
            where = f"{locator.column(name)} ({option})"
            yield _unit_problem(median, rule, rule.median, name=name, where=where)


# Yuan a US dollar, about the mean from 2011 to 2019; in single years 6.1 to 6.9.
YUAN_A_DOLLAR = 6.5

# How numbers of another unit are wrong, by what makes them right; dollars in what Chinese tables count in.
_POWERS = {
    10.0**-power: f"{10 ** abs(power):,} times too {'large' if power > 0 else 'small'}"
    for power in range(-9, 10)
    if power != 0
}
_DOLLARS = {
    YUAN_A_DOLLAR: f"in dollars, {YUAN_A_DOLLAR} yuan each",
    YUAN_A_DOLLAR * 1e-4: "in dollars, and 10,000 times too large",
    YUAN_A_DOLLAR * 1e-8: "in dollars, and 100,000,000 times too large",
}


def _unit_problem(
    median: float, rule: ColumnRule, stated: tuple[float, float], *, name: str, where: str
) -> Problem:
    """Return that a median lies outside its range, and the units that would explain it, likeliest first."""
    (low, high), unit = stated, f" ({rule.unit})" if rule.unit else ""
    factors = _POWERS | (_DOLLARS if "yuan" in unit or "元" in unit else {})
    likely = [factor for factor in factors if low <= factor * median <= high]
    what = f"the median is {float(f'{median:.4g}'):,.10g}{unit}"
    if low > 0 and median > 0:
        ratio = median / (low * high) ** 0.5
        what += f", {float(f'{ratio:.3g}'):,g} times the middle of the range stated"
        likely.sort(key=lambda factor: abs(np.log(factor * ratio)))
    shown = [f"{factors[factor]} (data: scale: {{{name}: {factor:.10g}}})" for factor in likely]
    seems = f"the numbers seem {' or '.join(shown)}; " if shown else "scale the column (data: scale); "
    hint = f"{seems}where they are right, correct the range, data.schema.{name}.median"
    return Problem(where, what, f"a median from {low:g} to {high:g}{unit}", hint)


def _demands(cells: pd.Series, rule: ColumnRule) -> Iterator[tuple[Mask, str, str]]:
    """Yield the cells, (n_obs,), that fail each part of a rule, what they are, and what is expected."""
    if rule.type == "text":
        yield ~cells.map(lambda cell: isinstance(cell, str)).to_numpy(np.bool_), "are no text", "text"
    if rule.type == "integer":
        yield (cells % 1 != 0).to_numpy(), "are no whole numbers", "whole numbers"
    if rule.type == "boolean":
        is_one = cells.isin([0.0, 1.0]).to_numpy()
        yield ~is_one, "are neither true nor false", "true and false, or 1 and 0"
    if rule.min is not None:
        yield (cells < rule.min).to_numpy(), f"are below {rule.min}", f"at least {rule.min}"
    if rule.max is not None:
        yield (cells > rule.max).to_numpy(), f"are above {rule.max}", f"at most {rule.max}"
    if rule.allowed:
        is_allowed = cells.isin(list(rule.allowed)).to_numpy()
        expected = few([repr(value) for value in rule.allowed])
        yield ~is_allowed, "are not among the allowed values", expected


def _panel_problems(
    spec: DataSpec, columns: Mapping[str, Column], calendar: Calendar, locator: RowLocator
) -> Iterator[Problem]:
    """Yield what rows do not satisfy together; a check whose columns are not all there is passed over."""
    constant = [check.column for check in spec.checks if isinstance(check, Constant)]
    numbers = {name: pd.Series(columns[name].cells) for name in spec.checked_numbers if name in columns}
    cells = columns_by_name(constant, columns, (), locator) | numbers
    for at, check in enumerate(spec.checks):
        if not set(check.columns) <= set(cells):
            continue
        if (found := check.violation(cells, calendar)) is not None:
            where = f"{locator.origin}: {locator.rows(np.flatnonzero(found.rows))} (data.checks[{at}])"
            hint = "correct the cells, leave the rows out by data.rows, or change the check"
            yield Problem(where, found.found, check.says, hint)


_DEGREES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 360.0)}


def _range_problems(columns: Mapping[str, Column], roles: Roles, locator: RowLocator) -> Iterator[Problem]:
    """Yield weights that are not above zero, and coordinates that are no degrees."""
    for part, name in (("weights", roles.weights), *zip(_DEGREES, roles.coordinates, strict=False)):
        if name is None or name not in columns:
            continue
        cells = columns[name].cells
        if part == "weights":
            wrong, what, expected = cells <= 0, "weights are zero or negative", "numbers above zero"
            hint = "leave such rows out under data.rows, or name another column"
        else:
            low, high = _DEGREES[part]
            wrong, what = (cells < low) | (cells > high), f"values are no {part} in degrees"
            expected = f"numbers from {low:g} to {high:g}"
            hint = "turn projected coordinates into degrees, or name another column"
        if wrong.any():
            yield locator.wrong(name, wrong, what, expected, hint, option=f"roles.{part}")
