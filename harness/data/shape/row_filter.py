"""Which rows of a table are kept, as the spec's rules say."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import numpy as np
import pandas as pd

from harness.arrays import Floats, Mask
from harness.data.messages import ProblemCollector, RowLocator, few
from harness.data.name import near_columns
from harness.data.read.numbers import require_numbers
from harness.data.rules import Bound, RowFilter, Value
from harness.data.shape.times import EXPECTED, Times, read_times
from harness.errors import DataError, Problem


def select_rows(locator: RowLocator, rules: Mapping[str, RowFilter], missing: frozenset[str]) -> Mask:
    """Return the rows, (n_obs,), that all rules keep.

    Parameters
    ----------
    locator : of the rows, with the table they are in; its key columns are matched by their labels
    rules : by column, all of which the table has
    missing : texts that stand for a missing number

    Raises
    ------
    DataError
        Where a rule does not fit its column, a value of it occurs nowhere, or no row is left.
    """
    problems = ProblemCollector()
    kept = np.ones(len(locator.frame), dtype=np.bool_)
    for column, rule in rules.items():
        with problems.collecting():
            kept &= _kept_by(rule, column, locator, missing)
    problems.raise_if_any()
    if not kept.any():
        raise DataError.at(
            where=f"{locator.origin}: data.rows",
            what="0 rows are left",
            expected="rules that together keep at least one row",
            hint="widen a range, or take a rule out",
        )
    return kept


def refuse_unknown_columns(rules: Mapping[str, RowFilter], locator: RowLocator) -> None:
    """Raise a DataError where a rule is about a column that the table does not have."""
    known = list(map(str, locator.frame.columns))
    problems = [
        Problem(
            where=f"{locator.origin}: column '{name}' (rows)",
            what="there is no such column",
            expected=few(known),
            hint=near_columns(name, known) or "name a raw column",
        )
        for name in rules
        if name not in known
    ]
    if problems:
        raise DataError(*problems)


def _kept_by(rule: RowFilter, column: str, locator: RowLocator, missing: frozenset[str]) -> Mask:
    kept = np.ones(len(locator.frame), dtype=np.bool_)
    labels = _labels(column, locator)
    if rule.has_range:
        kept &= _in_range(rule, column, locator, missing)
    if rule.include:
        kept &= _matches(rule.include, labels, column, locator)
    return kept & ~_matches(rule.exclude, labels, column, locator)


def _labels(column: str, locator: RowLocator) -> list[str]:
    """Return the cells as texts, (n_obs,), by which values are matched; a missing one is an empty text."""
    series = locator.frame[column]
    if column == locator.time:
        return read_times(series, name=column, locator=locator).labels
    return ["" if pd.isna(cell) else value_text(cell) for cell in series]


def value_text(value: object) -> str:
    """Return what a cell and a value of a spec share where they mean the same: 2, 2.0 and "2"."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _matches(values: tuple[Value, ...], labels: list[str], column: str, locator: RowLocator) -> Mask:
    """Return the rows, (n_obs,), whose label is one of the values, each of which must occur."""
    wanted = [value_text(value) for value in values]
    known = set(labels)
    unknown = [value for value in wanted if value not in known]
    if unknown:
        hints = [hint for value in unknown if (hint := near_columns(value, known - {""}))]
        raise DataError.at(
            where=f"{locator.column(column)} (data.rows)",
            what=f"no row has the value {few([repr(value) for value in unknown])}",
            expected=f"values of the column: {few(sorted(known - {''}))}",
            hint="; ".join(hints) or "correct the value, or take it out of the rule",
        )
    return np.isin(np.array(labels, dtype=object), wanted)


def _in_range(rule: RowFilter, column: str, locator: RowLocator, missing: frozenset[str]) -> Mask:
    series = locator.frame[column]
    if column == locator.time:
        times = read_times(series, name=column, locator=locator)
        first, last = _ends_of_time(rule, times, column, locator)
        position: Floats = times.ordinals.astype(np.float64)
    else:
        position = require_numbers(series, missing, name=column, locator=locator)
        first, last = _ends_of_numbers(rule, column, locator)
    kept: Mask = (position >= first) & (position <= last)
    if not kept.any():
        raise DataError.at(
            where=f"{locator.column(column)} (data.rows)",
            what=f"no row lies between {_shown(rule.from_)} and {_shown(rule.to)}",
            expected="a range that holds at least one row",
            hint="correct from and to",
        )
    return kept


def _ends_of_time(rule: RowFilter, times: Times, column: str, locator: RowLocator) -> tuple[float, float]:
    first, last = -np.inf, np.inf
    if rule.from_ is not None:
        first = _span(rule.from_, times, column, locator)[0]
    if rule.to is not None:
        last = _span(rule.to, times, column, locator)[1]
    return first, last


def _span(bound: Bound, times: Times, column: str, locator: RowLocator) -> tuple[float, float]:
    span = times.kind.span(str(bound))
    if span is None:
        raise DataError.at(
            where=f"{locator.column(column)} (data.rows)",
            what=f"{bound!r} is no {times.kind.name} or year",
            expected=EXPECTED,
            hint=f"write it as the column does: {times.labels[0]}",
        )
    return span


def _ends_of_numbers(rule: RowFilter, column: str, locator: RowLocator) -> tuple[float, float]:
    written = [bound for bound in (rule.from_, rule.to) if isinstance(bound, str)]
    if written:
        raise DataError.at(
            where=f"{locator.column(column)} (data.rows)",
            what=f"{few([repr(bound) for bound in written])} is no number",
            expected="numbers as from and to of a column that is not the time",
            hint="write the number without quotes",
        )
    first = -np.inf if rule.from_ is None else float(rule.from_)
    last = np.inf if rule.to is None else float(rule.to)
    return first, last


def _shown(bound: Bound | None) -> str:
    return "any" if bound is None else str(bound)
