"""What a table must hold, as its spec says: columns that are there, rules of columns and of rows, no gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.data_spec import VARIABLE, DataSpec, Roles
from harness.data.messages import ProblemCollector, RowLocator, absence, absent_columns, describe_column, few
from harness.data.prepare.panel_steps import FillGaps
from harness.data.prepare.pipeline import ancestors, run_steps
from harness.data.prepare.row_steps import named_classes
from harness.data.prepare.step import Calendar, Column, Step, single_steps
from harness.data.read.numbers import require_numbers
from harness.data.read.source import Table
from harness.data.rules import Constant
from harness.data.schema import inline_schema, schema_problems
from harness.data.shape.panel_notes import find_complete, missing_problems
from harness.data.shape.reshape import column_pattern
from harness.errors import Problem
from harness.language import Coded, marked

if TYPE_CHECKING:
    import pandera.pandas as pa


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
            where = describe_column(step.into, origin=table.origin, option=f"{path}.into")
            hint = marked("name the prepared column otherwise, and use that name in the roles")
            problems.add(
                Problem(where, marked("there is a column of this name already"), marked("a new name"), hint)
            )
        known[step.into] = None
    require((roles.path_of(column), column) for column in roles.variables)
    require((f"data.schema.{column}", column) for column in spec.schema)
    for at, check in enumerate(spec.checks):
        require((f"data.checks[{at}]", column) for column in check.columns)
    if absent:
        remedy = _side_by_side(table.frame.columns) or (
            marked(
                "correct the name, rename the file's column (data: rename), or prepare it before it is used"
            )
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
    file_schema: pa.DataFrameSchema | None = None,
) -> Mapping[str, Column]:
    """Run all steps, check the schema, and look for missing cells; return the columns there are.

    Parameters
    ----------
    raw : by name, (n_obs,) each
    calendar : of the rows; None where their keys are broken
    locator : of the rows
    problems : where every violation is reported
    file_schema : of ``data.schema_file``
    """
    everywhere = np.arange(len(locator.frame))
    columns = run_steps(
        raw, spec.steps, calendar=calendar, fit_rows=everywhere, locator=locator, problems=problems
    ).columns
    if spec.schema:
        cells = columns_by_name(spec.schema, columns, spec.steps, locator)
        missing = frozenset(spec.missing_values)
        for name in [name for name in cells if spec.schema[name].is_read_as_numbers]:
            column = cells.pop(name)
            with problems.collecting():
                cells[name] = pd.Series(require_numbers(column, missing, name=name, locator=locator))
        problems.add(*schema_problems(inline_schema(spec.schema, _decided(spec, roles)), cells, locator))
    if file_schema is not None:
        names = dict.fromkeys((*file_schema.columns, *(file_schema.unique or ())))
        cells = columns_by_name(names, columns, (), locator)
        problems.add(*schema_problems(file_schema, cells, locator))
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
    """Return the columns whose missing cells `DataSpec.missing`, or a step that fills gaps, decides about."""
    steps = spec.steps
    sources = {source for column in roles.variables for source in ancestors(steps, column)}
    filled = (step.into for step in steps if isinstance(step, FillGaps))
    return sources.union((roles.entity, roles.time), roles.variables, filled)


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
            where = Coded(
                "{origin}: {rows} (data.checks[{at}])",
                origin=locator.origin,
                rows=locator.rows(np.flatnonzero(found.rows)),
                at=at,
            )
            hint = marked("correct the cells, leave the rows out by data.rows, or change the check")
            yield Problem(where, found.found, check.says, hint)


_DEGREES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 360.0)}


def _range_problems(columns: Mapping[str, Column], roles: Roles, locator: RowLocator) -> Iterator[Problem]:
    """Yield weights that are not above zero, and coordinates that are no degrees."""
    for part, name in (("weights", roles.weights), *zip(_DEGREES, roles.coordinates, strict=False)):
        if name is None or name not in columns:
            continue
        cells = columns[name].cells
        if part == "weights":
            wrong = cells <= 0
            what = marked("weights are zero or negative")
            expected = marked("numbers above zero")
            hint = marked("leave such rows out under data.rows, or name another column")
        else:
            low, high = _DEGREES[part]
            wrong, what = (cells < low) | (cells > high), Coded("values are no {part} in degrees", part=part)
            expected = Coded("numbers from {low} to {high}", low=f"{low:g}", high=f"{high:g}")
            hint = marked("turn projected coordinates into degrees, or name another column")
        if wrong.any():
            yield locator.wrong(name, wrong, what, expected, hint, option=f"roles.{part}")
