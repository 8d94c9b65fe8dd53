"""Columns checked against the spec's rules of columns, and rows against its checks of a panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from harness.arrays import Mask
from harness.data.messages import ProblemCollector, RowLocator, few, quoted
from harness.data.prepare.step import Calendar
from harness.data.read.numbers import require_numbers
from harness.data.rules import ColumnRule, PanelCheck
from harness.errors import Problem

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
    problems = ProblemCollector()
    for name, rule in rules.items():
        with problems.collecting():
            problems.add(*_violations(columns[name], rule, missing, name=name, locator=locator))
    problems.raise_if_any()


def _violations(
    column: pd.Series, rule: ColumnRule, missing: frozenset[str], *, name: str, locator: RowLocator
) -> Iterator[Problem]:
    """Yield the parts of a rule that some cells of a column break; missing cells break one alone."""
    cells = column.astype(object)
    if rule.type in _NUMERIC or rule.min is not None or rule.max is not None:
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
    problems = ProblemCollector()
    for at, check in enumerate(checks):
        if not set(check.columns) <= set(columns):
            continue
        failed = ~check.passes(columns, calendar)
        if failed.any():
            problems.add(
                Problem(
                    where=f"{locator.origin}: {locator.rows(np.flatnonzero(failed))} (data.checks[{at}])",
                    what=check.found(columns, calendar, failed),
                    expected=check.says,
                    hint="correct the cells, leave the rows out by data.rows, or change the check",
                )
            )
    problems.raise_if_any()
