"""Columns checked against the spec's schema, by pandera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from harness.data.messages import ProblemCollector, RowLocator, few, quoted
from harness.data.prepare.step import Calendar
from harness.data.read.numbers import require_numbers
from harness.data.rules import ColumnRule, PanelCheck
from harness.errors import DataError, Problem

if TYPE_CHECKING:
    import pandera.pandas as pa

_NUMERIC = ("number", "integer", "boolean")


def check_schema(
    columns: pd.DataFrame, rules: Mapping[str, ColumnRule], locator: RowLocator, missing: frozenset[str]
) -> None:
    """Check columns, raw and prepared, against their rules.

    Parameters
    ----------
    columns : (n_obs, ...), every column that has a rule
    rules : by column
    locator : of the rows
    missing : texts that stand for a missing number

    Raises
    ------
    DataError
        With every rule that a column breaks.
    """
    import pandera.pandas as pa

    problems = ProblemCollector()
    typed: dict[str, pd.Series] = {}
    for name, rule in rules.items():
        with problems.collecting():
            typed[name] = _typed(columns[name], rule, missing, name=name, locator=locator)
    schema = pa.DataFrameSchema({name: _pandera_column(rules[name]) for name in typed})
    try:
        # Positions as index, since pandera reports failures by index.
        schema.validate(pd.DataFrame(typed).reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as error:
        problems.add(*_problems(error.failure_cases, rules, locator))
    problems.raise_if_any()


def _typed(
    column: pd.Series, rule: ColumnRule, missing: frozenset[str], *, name: str, locator: RowLocator
) -> pd.Series:
    """Return a column as the checks of its rule read it: float64, or Python objects."""
    if rule.type in _NUMERIC or rule.min is not None or rule.max is not None:
        values = require_numbers(column, missing, name=name, locator=locator)
        return pd.Series(values, index=column.index)
    return column.astype(object)


def _pandera_column(rule: ColumnRule) -> pa.Column:
    import pandera.pandas as pa

    checks = []
    if rule.type == "text":
        checks.append(pa.Check(lambda cells: cells.map(lambda cell: isinstance(cell, str)), error="text"))
    if rule.type == "integer":
        checks.append(pa.Check(lambda cells: cells % 1 == 0, error="integer"))
    if rule.type == "boolean":
        checks.append(pa.Check.isin([0.0, 1.0], error="boolean"))
    if rule.min is not None:
        checks.append(pa.Check.ge(rule.min, error="min"))
    if rule.max is not None:
        checks.append(pa.Check.le(rule.max, error="max"))
    if rule.allowed:
        checks.append(pa.Check.isin(list(rule.allowed), error="allowed"))
    return pa.Column(checks=checks, nullable=rule.missing_ok)


def _problems(failures: pd.DataFrame, rules: Mapping[str, ColumnRule], locator: RowLocator) -> list[Problem]:
    problems = []
    broken_rules = failures[["column", "check"]].drop_duplicates().itertuples(index=False, name=None)
    for column, check in broken_rules:
        rule = rules[column]
        cases = failures[(failures["column"] == column) & (failures["check"] == check)]
        rows = np.zeros(len(locator.frame), dtype=np.bool_)
        rows[cases["index"].to_numpy(dtype=np.int64)] = True
        broken, allowed = {
            "text": ("are no text", "text"),
            "integer": ("are no whole numbers", "whole numbers"),
            "boolean": ("are neither true nor false", "true and false, or 1 and 0"),
            "min": (f"are below {rule.min}", f"at least {rule.min}"),
            "max": (f"are above {rule.max}", f"at most {rule.max}"),
            "allowed": ("are not among the allowed values", few([repr(value) for value in rule.allowed])),
            "not_nullable": ("are missing", "no missing cell"),
        }[check]
        shown = "" if check == "not_nullable" else f": {quoted(cases['failure_case'])}"
        problems.append(
            Problem(
                where=f"{locator.column(column, rows)} (data.schema.{column})",
                what=f"{int(rows.sum())} of {rows.size} cells {broken}{shown}",
                expected=allowed,
                hint="say missing_ok: true, or fill the cells in"
                if check == "not_nullable"
                else "correct the cells, leave the rows out by data.rows, or change the rule",
            )
        )
    return problems


def check_panel(
    checks: Sequence[PanelCheck], columns: Mapping[str, pd.Series], calendar: Calendar, locator: RowLocator
) -> None:
    """Check what rows must satisfy together.

    Parameters
    ----------
    checks : in the order of the spec; one whose columns are not all there is passed over
    columns : (n_obs,) each, by name
    calendar : of the rows
    locator : of the rows

    Raises
    ------
    DataError
        With every check that fails.
    """
    import pandera.pandas as pa

    def of_frame(check: PanelCheck, at: int) -> pa.Check:
        return pa.Check(
            lambda frame: pd.Series(check.passes(frame, calendar), index=frame.index),
            error=str(at),
            ignore_na=False,
        )

    # A column of positions is there even where no check looks at any.
    frame = pd.DataFrame({"\0row": np.arange(len(locator.frame)), **columns}).reset_index(drop=True)
    able = [(check, at) for at, check in enumerate(checks) if set(check.columns) <= set(columns)]
    schema = pa.DataFrameSchema(checks=[of_frame(check, at) for check, at in able])
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        raise DataError(
            *(
                _broken_check(checks[int(at)], int(at), cases[cases["check"] == at], frame, calendar, locator)
                for at in dict.fromkeys(cases["check"])
            )
        ) from error


def _broken_check(
    check: PanelCheck,
    at: int,
    cases: pd.DataFrame,
    frame: pd.DataFrame,
    calendar: Calendar,
    locator: RowLocator,
) -> Problem:
    failed = np.zeros(len(frame), dtype=np.bool_)
    failed[cases["index"].to_numpy(dtype=np.int64)] = True
    place = locator.rows(np.flatnonzero(failed))
    return Problem(
        where=f"{locator.origin}: {place} (data.checks[{at}])",
        what=check.found({str(name): frame[name] for name in frame}, calendar, failed),
        expected=check.says,
        hint="correct the cells, leave the rows out by data.rows, or change the check",
    )
