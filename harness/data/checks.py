"""The columns of a study, read, prepared and checked against the laws of a panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.data_spec import DataSpec
from harness.data.locations import RowLocator
from harness.data.panel_checks import Constant
from harness.data.prepare.classes import named_classes
from harness.data.prepare.pipeline import ancestors, run_steps
from harness.data.prepare.step import Calendar, Column
from harness.data.problems import ProblemCollector
from harness.data.read.numbers import require_numbers
from harness.data.roles import Roles
from harness.data.rules import ColumnRule
from harness.data.schema import check_panel, check_schema
from harness.data.shape.complete import find_complete, require_complete
from harness.data.user_schema import UserSchema, check_user_schema
from harness.errors import DataError, Problem


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
    if roles.weights is not None and roles.weights in columns:
        with problems.collecting():
            require_positive(columns[roles.weights].cells, locator, name=roles.weights)
    for part, name in zip(("latitude", "longitude"), roles.coordinates, strict=False):
        if name in columns:
            with problems.collecting():
                _require_degrees(columns[name].cells, locator, name=name, part=part)
    return columns


_DEGREES = {"latitude": (-90.0, 90.0), "longitude": (-180.0, 360.0)}


def _require_degrees(values: Floats, locator: RowLocator, *, name: str, part: str) -> None:
    """Refuse coordinates, (n_obs,), that are none; missing ones are refused elsewhere."""
    low, high = _DEGREES[part]
    outside = (values < low) | (values > high)
    if outside.any():
        raise DataError(
            Problem(
                where=f"{locator.column(name, outside)} (roles.{part})",
                what=f"{int(outside.sum())} of {values.size} values are no {part} in degrees",
                expected=f"numbers from {low:g} to {high:g}",
                hint="turn projected coordinates into degrees, or name another column",
            )
        )


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


def require_positive(weights: Floats, locator: RowLocator, *, name: str) -> None:
    """Refuse weights, (n_obs,), of zero or less; missing ones are refused elsewhere.

    Parameters
    ----------
    name : of the column

    Raises
    ------
    DataError
        With the rows whose weight is zero or negative.
    """
    at_most_zero = weights <= 0
    if not at_most_zero.any():
        return
    raise DataError(
        Problem(
            where=f"{locator.column(name, at_most_zero)} (roles.weights)",
            what=f"{int(at_most_zero.sum())} of {weights.size} weights are zero or negative",
            expected="numbers above zero",
            hint="leave such rows out under data.rows, or name another column",
        )
    )
