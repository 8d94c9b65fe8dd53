"""Columns checked against the spec's schema, by pandera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from harness.data.locations import RowLocator, few, quoted
from harness.data.problems import ProblemCollector
from harness.data.read.numbers import require_numbers
from harness.data.rules import ColumnRule
from harness.errors import Problem

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
                where=f"{locator.column(column, rows)} (data.schema)",
                what=f"{int(rows.sum())} of {rows.size} cells {broken}{shown}",
                expected=allowed,
                hint="say missing_ok: true, or fill the cells in"
                if check == "not_nullable"
                else "correct the cells, leave the rows out by data.rows, or change the rule",
            )
        )
    return problems
